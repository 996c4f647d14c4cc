/**
 * CRC-32C (Castagnoli), the checksum of a record batch. Table-driven, eight bytes a step ("slicing by 8"), because
 * every batch that enters or leaves the log passes through here.
 */

/** 0x1EDC6F41 with its bits reversed: the algorithm runs least significant bit first. */
const POLYNOMIAL = 0x82f63b78;
const SLICES = 8;

/** Slice k, entry b: the checksum of byte b followed by k zero bytes. */
const TABLE = buildTable();

/** The checksum of `bytes[start, end)` as an unsigned 32-bit integer. */
export function crc32c(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  let crc = -1;
  let at = start;
  for (; at + SLICES <= end; at += SLICES) {
    crc =
      entry(7, byteAt(bytes, at) ^ crc) ^
      entry(6, byteAt(bytes, at + 1) ^ (crc >>> 8)) ^
      entry(5, byteAt(bytes, at + 2) ^ (crc >>> 16)) ^
      entry(4, byteAt(bytes, at + 3) ^ (crc >>> 24)) ^
      entry(3, byteAt(bytes, at + 4)) ^
      entry(2, byteAt(bytes, at + 5)) ^
      entry(1, byteAt(bytes, at + 6)) ^
      entry(0, byteAt(bytes, at + 7));
  }
  for (; at < end; at++) crc = entry(0, byteAt(bytes, at) ^ crc) ^ (crc >>> 8);
  return ~crc >>> 0;
}

function buildTable(): Int32Array {
  const table = new Int32Array(SLICES * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    table[byte] = crc;
  }
  for (let at = 256; at < table.length; at++) {
    const previous = table[at - 256] ?? 0;
    table[at] = (previous >>> 8) ^ (table[previous & 0xff] ?? 0);
  }
  return table;
}

const entry = (slice: number, byte: number): number => TABLE[(slice << 8) | (byte & 0xff)] ?? 0;
const byteAt = (bytes: Uint8Array, at: number): number => bytes[at] ?? 0;
