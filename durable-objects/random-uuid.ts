/**
 * Fresh Kafka uuids: random version-4 uuids as 22 characters of base64url. Randomness is the shell's to have, so
 * they are made here and not in `src/protocol`. A cluster's id and a voter's directory id are such.
 */
import { toBase64url } from "../src/access/index.ts";

/** A random uuid that does not begin with "-", so that no command line takes one for an option (as Kafka's own do). */
export function randomUuid(): string {
  for (;;) {
    const text = toBase64url(uuidBytes());
    if (!text.startsWith("-")) return text;
  }
}

/** Whether `text` can be a cluster's id: the form of a Kafka uuid. */
export const isUuidText = (text: string): boolean =>
  /^[A-Za-z0-9_][A-Za-z0-9_-]{20}[AQgw]$/.test(text);

/** Random bytes with the version and variant of RFC 9562. */
function uuidBytes(): Uint8Array {
  const hex = crypto.randomUUID().replaceAll("-", "");
  return Uint8Array.from({ length: 16 }, (_, at) =>
    Number.parseInt(hex.slice(at * 2, at * 2 + 2), 16),
  );
}
