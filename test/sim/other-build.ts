/**
 * What another build makes of the same image: the same records in other bytes, for which no two builds are to be mixed.
 */
import type { SnapshotStore } from "../../durable-objects/replica/ports.ts";
import { crc32c } from "../../src/protocol/index.ts";

const CRC_AT = 17;
const CHECKED_FROM = 21;
const BASE_TIMESTAMP_AT = 27;
const MAX_TIMESTAMP_AT = 35;

/** The store of a replica of that build. What it makes arrives batch by batch. */
export const storeOfOtherBuild = (store: SnapshotStore): SnapshotStore => ({
  ...store,
  append: (kind, bytes) => store.append(kind, kind === "made" ? aMomentLater(bytes) : bytes),
});

/** The same batch with timestamps a millisecond later, and as sound. */
function aMomentLater(batch: Uint8Array): Uint8Array {
  const bytes = batch.slice();
  const view = new DataView(bytes.buffer);
  for (const at of [BASE_TIMESTAMP_AT, MAX_TIMESTAMP_AT])
    view.setBigInt64(at, view.getBigInt64(at) + 1n);
  view.setUint32(CRC_AT, crc32c(bytes.subarray(CHECKED_FROM)));
  return bytes;
}
