/**
 * Base64 with padding (RFC 4648, section 4), as Kafka's JSON has it for bytes. Only the canonical spelling is read.
 * The cores compile without `atob` and `btoa`, which would go through strings anyway.
 */
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const VALUES = new Map(Array.from(ALPHABET, (letter, value) => [letter, value]));

export function toBase64(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += 3) {
    const group = bytes.subarray(at, at + 3);
    const word = ((group[0] ?? 0) << 16) | ((group[1] ?? 0) << 8) | (group[2] ?? 0);
    const letters = [18, 12, 6, 0].map((shift) => ALPHABET.charAt((word >>> shift) & 63)).join("");
    parts.push(letters.slice(0, group.length + 1).padEnd(4, "="));
  }
  return parts.join("");
}

/** The bytes that `text` spells, or null if it is not canonical base64. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  if (text.length % 4 !== 0) return null;
  const letters = text.replace(/={1,2}$/, "");
  const bytes = new Uint8Array(Math.floor((letters.length * 3) / 4));
  let word = 0;
  let bits = 0;
  let to = 0;
  for (const letter of letters) {
    const value = VALUES.get(letter);
    if (value === undefined) return null;
    word = ((word << 6) | value) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[to++] = word >>> bits;
  }
  // Bits that belong to no byte are zero in the canonical spelling.
  return (word & ((1 << bits) - 1)) === 0 ? bytes : null;
}
