/**
 * A record batch as the log stores it: the bytes as a broker fetches them, and beside them what the log must know
 * without decoding.
 */

/** One record batch. `lastOffset` is inclusive. */
export interface StoredBatch {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly epoch: number;
  readonly control: boolean;
  readonly bytes: Uint8Array;
}

/** Joins batches into the one byte range that a fetch response carries. */
export function joinBatches(batches: readonly StoredBatch[]): Uint8Array {
  const [first] = batches;
  if (batches.length === 1 && first !== undefined) return first.bytes;
  const size = batches.reduce((sum, batch) => sum + batch.bytes.byteLength, 0);
  const joined = new Uint8Array(size);
  let position = 0;
  for (const batch of batches) {
    joined.set(batch.bytes, position);
    position += batch.bytes.byteLength;
  }
  return joined;
}
