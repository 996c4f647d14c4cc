/**
 * Kafka's uuids: 16 bytes on the wire, 22 characters of base64url without padding everywhere else. A uuid in memory
 * is that string, branded, because it must key a Map and be readable in a log; only the canonical spelling is one, so
 * equal ids are equal strings. Reserved ids are those of `org.apache.kafka.common.DirectoryId` and `Uuid`.
 */

/** Canonical base64url of 16 bytes. */
export type Uuid = string & { readonly "~brand": "Uuid" };

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const CODES = Uint8Array.from(ALPHABET, (letter) => letter.charCodeAt(0));
const INVALID = 0xff;
const VALUES = new Uint8Array(128).fill(INVALID);
for (const [value, code] of CODES.entries()) VALUES[code] = value;

const UUID_BYTES = 16;
const UUID_LETTERS = 22;
/** 22 letters are 132 bits; the last four belong to no byte and must be zero in the canonical spelling. */
const CANONICAL = /^[A-Za-z0-9_-]{21}[AQgw]$/;

export const isUuid = (text: string): text is Uuid =>
  text.length === UUID_LETTERS && CANONICAL.test(text);

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one constructor of the brand
const brand = (text: string): Uuid => text as Uuid;

/** All bits zero: "no id". Also `DirectoryId.MIGRATING`. */
export const ZERO_UUID: Uuid = brand("AAAAAAAAAAAAAAAAAAAAAA");
/** Topic id of `__cluster_metadata`. */
export const METADATA_TOPIC_ID: Uuid = brand("AAAAAAAAAAAAAAAAAAAAAQ");
/** `DirectoryId.UNASSIGNED`: the broker has not yet said where the replica lies. */
export const UNASSIGNED_DIRECTORY: Uuid = brand("AAAAAAAAAAAAAAAAAAAAAQ");
/** `DirectoryId.LOST`: the replica lies in a directory that its broker no longer reports. */
export const LOST_DIRECTORY: Uuid = brand("AAAAAAAAAAAAAAAAAAAAAg");
/** `DirectoryId.MIGRATING`: the broker does not report directories yet. */
export const MIGRATING_DIRECTORY: Uuid = ZERO_UUID;

/** Ids below 100 are reserved; a topic, a directory or an incarnation never has one. */
export function isReservedUuid(id: Uuid): boolean {
  const bytes = uuidToBytes(id);
  return bytes.every((byte, at) => (at === UUID_BYTES - 1 ? byte < 100 : byte === 0));
}

/** Reads 16 bytes of `bytes` from `at`; the caller has checked that they are there. */
export function uuidFromBytes(bytes: Uint8Array, at = 0): Uuid {
  let text = "";
  for (let i = at; i < at + 15; i += 3) {
    const word = (byteAt(bytes, i) << 16) | (byteAt(bytes, i + 1) << 8) | byteAt(bytes, i + 2);
    text += String.fromCharCode(
      letter(word >>> 18),
      letter((word >>> 12) & 63),
      letter((word >>> 6) & 63),
      letter(word & 63),
    );
  }
  const last = byteAt(bytes, at + 15);
  return brand(text + String.fromCharCode(letter(last >>> 2), letter((last & 3) << 4)));
}

/** Writes the 16 bytes of `id` into `target` at `at`. False, and nothing useful written, if `id` is no uuid. */
export function uuidInto(id: string, target: Uint8Array, at: number): boolean {
  if (id.length !== UUID_LETTERS) return false;
  let seen = 0;
  for (let i = 0, to = at; i < 20; i += 4, to += 3) {
    const a = valueAt(id, i);
    const b = valueAt(id, i + 1);
    const c = valueAt(id, i + 2);
    const d = valueAt(id, i + 3);
    seen |= a | b | c | d;
    target[to] = (a << 2) | (b >>> 4);
    target[to + 1] = (b << 4) | (c >>> 2);
    target[to + 2] = (c << 6) | d;
  }
  const high = valueAt(id, 20);
  const low = valueAt(id, 21);
  target[at + 15] = (high << 2) | (low >>> 4);
  return (seen | high | low) < 64 && (low & 15) === 0;
}

/** The 16 bytes of `id`, in a fresh array. */
export function uuidToBytes(id: Uuid): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(UUID_BYTES);
  uuidInto(id, bytes, 0);
  return bytes;
}

const byteAt = (bytes: Uint8Array, at: number): number => bytes[at] ?? 0;
const letter = (value: number): number => CODES[value] ?? 0;
const valueAt = (text: string, at: number): number => VALUES[text.charCodeAt(at)] ?? INVALID;
