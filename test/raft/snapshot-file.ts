/**
 * What stands in for a checkpoint file in scripts: as many bytes as wanted, of which the first name the voters and the
 * others their maker. Two replicas make files of one size and other bytes from the same records, as real ones may.
 */

const FOOTER = 255;

/** A file of `size` bytes, which must have room for the ids of the voters and two more. */
export function snapshotFile(maker: number, voters: readonly number[], size: number): Uint8Array {
  const header = [voters.length, ...voters];
  if (size < header.length + 2) throw new Error(`a snapshot has no room in ${size} bytes`);
  const bytes = new Uint8Array(size).fill(maker);
  bytes.set(header);
  bytes[size - 1] = FOOTER;
  return bytes;
}

/** The voters in a file; null for one that is torn, flipped, or put together from those of two makers. */
export function votersInFile(bytes: Uint8Array): readonly number[] | null {
  const [count = 0, ...rest] = bytes;
  const body = rest.slice(count, -1);
  const isOfOneMaker = body.length > 0 && body.every((byte) => byte === body[0]);
  return rest.at(-1) === FOOTER && isOfOneMaker ? rest.slice(0, count) : null;
}
