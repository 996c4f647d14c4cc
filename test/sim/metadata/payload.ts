/**
 * Metadata records as the payload of a batch, and back: each record in its real bytes, behind its length. The
 * batch format around them is the wire's and tested there.
 */
import {
  decodeMetadataRecord,
  encodeMetadataRecord,
  type MetadataRecord,
} from "../../../src/protocol/index.ts";

const LENGTH_BYTES = 4;

/** A payload is immutable and shared by all replicas: it is read once. */
const decoded = new WeakMap<Uint8Array, readonly MetadataRecord[]>();

export function payloadOf(records: readonly MetadataRecord[]): Uint8Array {
  const parts = records.map(encodeMetadataRecord);
  const payload = new Uint8Array(parts.reduce((sum, part) => sum + LENGTH_BYTES + part.length, 0));
  const view = new DataView(payload.buffer);
  let at = 0;
  for (const part of parts) {
    view.setUint32(at, part.length);
    payload.set(part, at + LENGTH_BYTES);
    at += LENGTH_BYTES + part.length;
  }
  return payload;
}

export function recordsOf(payload: Uint8Array): readonly MetadataRecord[] {
  const known = decoded.get(payload);
  if (known !== undefined) return known;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const records: MetadataRecord[] = [];
  for (let at = 0; at < payload.length;) {
    const end = at + LENGTH_BYTES + view.getUint32(at);
    records.push(decodeMetadataRecord(payload.subarray(at + LENGTH_BYTES, end)));
    at = end;
  }
  decoded.set(payload, records);
  return records;
}
