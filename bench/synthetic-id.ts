/** Ids that differ by their number alone, so that a run can be repeated. */
import { uuidFromBytes, type Uuid } from "../src/protocol/index.ts";

/** Spread over the first half, as drawn ids are; the second half keeps them apart. */
export function syntheticId(number: number): Uuid {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(0, Math.imul(number + 1, 2_654_435_761));
  new DataView(bytes.buffer).setUint32(12, number + 1_000);
  return uuidFromBytes(bytes);
}
