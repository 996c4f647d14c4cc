/**
 * Where the Worker decodes metadata records, and nowhere else: what an isolate reads of a log or a snapshot becomes
 * values without its secrets, which no route can show then. Bytes stay what they are, since a batch has a checksum,
 * but for what a cache may keep.
 */
import { redacted, redactedIn } from "../../src/metadata/index.ts";
import {
  decodeMetadataRecord,
  encodeMetadataRecord,
  metadataRecordToJson,
  type MetadataRecord,
  type RecordJson,
} from "../../src/protocol/index.ts";

/** One record of a batch, or of a snapshot, that ends at `endOffset`. */
export type Decoding = (bytes: Uint8Array, endOffset: number) => MetadataRecord;

/** For every image that is kept or shown. */
export const withoutSecrets: Decoding = (bytes, endOffset) =>
  redactedIn(decodeMetadataRecord(bytes), endOffset);

/** For the image that a fork begins with, which is written into the fork's own log, kept by nobody and never shown. */
export const withSecrets: Decoding = (bytes) => decodeMetadataRecord(bytes);

/** The same as bytes: those that were given where there is no secret in them. */
export function bytesWithoutSecrets(bytes: Uint8Array, endOffset: number): Uint8Array {
  const record = decodeMetadataRecord(bytes);
  const shown = redactedIn(record, endOffset);
  return shown === record ? bytes : encodeMetadataRecord(shown);
}

/**
 * For what has no secrets any more: it is decoded as it is, since what stands in for a token's id is not to be hashed a
 * second time.
 */
export const alreadyRedacted: Decoding = (bytes) => decodeMetadataRecord(bytes);

/** The record as a line of the feed shows it. */
export const shownRecord = (bytes: Uint8Array): RecordJson =>
  metadataRecordToJson(redacted(decodeMetadataRecord(bytes)));
