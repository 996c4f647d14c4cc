/** Text in an envelope: UTF-8, and nothing that is none. */

/** Both hosts have these; no library of the compiler's declares them without declaring a host. */
declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}
declare class TextDecoder {
  constructor(encoding: "utf-8", options: { readonly fatal: true; readonly ignoreBOM: true });
  decode(bytes: Uint8Array): string;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export const textBytes = (text: string): Uint8Array<ArrayBuffer> => encoder.encode(text);

/** Null for bytes that are no UTF-8. */
export function textIn(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}
