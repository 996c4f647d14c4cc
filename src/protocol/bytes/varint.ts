/**
 * Arithmetic of variable-length integers: base 128, least significant group first, at most five bytes. Unsigned in
 * flexible messages (KIP-482), zigzag in the records of a batch. Reading and writing them is the business of Reader
 * and Writer.
 */

/** The largest unsigned integer that five groups of Kafka's may carry. */
export const UVARINT_MAX = 0xffff_ffff;
export const INT32_MAX = 0x7fff_ffff;

/** Small magnitudes of either sign become small unsigned integers: 0, -1, 1, -2 → 0, 1, 2, 3. */
export const zigzag = (value: number): number => ((value << 1) ^ (value >> 31)) >>> 0;
export const unzigzag = (value: number): number => (value >>> 1) ^ -(value & 1);

/** How many bytes `value` takes as an unsigned varint. */
export function uvarintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < 0x1000_0000 ? 4 : 5;
}
