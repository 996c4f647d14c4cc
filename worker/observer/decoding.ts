/**
 * Where the Worker decodes metadata records, and nowhere else: what an isolate reads of a log or a snapshot becomes
 * values without its secrets, which no route can show then. Bytes stay what they are, since a batch has a checksum.
 */
import { redacted, redactedIn } from "../../src/metadata/index.ts";
import {
  decodeMetadataRecord,
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

/** The record as a line of the feed shows it. */
export const shownRecord = (bytes: Uint8Array): RecordJson =>
  metadataRecordToJson(redacted(decodeMetadataRecord(bytes)));
