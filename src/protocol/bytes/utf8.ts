/**
 * UTF-8, strictly: ill-formed bytes are refused, not replaced, and a byte order mark is an ordinary character, so
 * that what is decoded and encoded again is the same bytes. Node and workerd both have the two classes; the cores
 * compile without ambient types, so the little that is used of them is declared here and nowhere else.
 */
declare class TextEncoder {
  encode(text: string): Uint8Array;
}
declare class TextDecoder {
  constructor(label: string, options: { readonly fatal: boolean; readonly ignoreBOM: boolean });
  decode(bytes: Uint8Array): string;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Below this many bytes a loop over character codes beats the call into the platform. */
const SHORT_BYTES_MAX = 32;

/** The bytes of a well-formed string; null for one with a lone surrogate, which UTF-8 cannot say. */
export const utf8Encode = (text: string): Uint8Array | null =>
  text.isWellFormed() ? encoder.encode(text) : null;

/** How many bytes a well-formed string takes. */
export function utf8Size(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    // Half of a surrogate pair is two of the four bytes of its character.
    if (code > 0x7f) bytes += code > 0x7ff && (code & 0xf800) !== 0xd800 ? 2 : 1;
  }
  return bytes;
}

/** The string that `bytes` spell, or null if they are not UTF-8. */
export function utf8Decode(bytes: Uint8Array, start: number, end: number): string | null {
  if (end - start <= SHORT_BYTES_MAX) {
    const text = asciiDecode(bytes, start, end);
    if (text !== null) return text;
  }
  try {
    return decoder.decode(bytes.subarray(start, end));
  } catch {
    return null;
  }
}

function asciiDecode(bytes: Uint8Array, start: number, end: number): string | null {
  let text = "";
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0x80;
    if (byte > 0x7f) return null;
    text += String.fromCharCode(byte);
  }
  return text;
}
