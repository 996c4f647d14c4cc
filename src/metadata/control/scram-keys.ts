/**
 * What SCRAM keeps of a password (RFC 5802, KIP-554): the mechanisms that Kafka has, how often they may hash, and the
 * two keys by which a password is verified. They are derived from the salted password, which would do to log in.
 */
import { hmac, SHA_256, SHA_512, type Hash } from "../../std/sha2.ts";

/** One of Kafka's `ScramMechanism`. */
export interface ScramMechanism {
  /** Its number in requests and records. */
  readonly type: number;
  /** Its name in SASL. */
  readonly name: string;
  readonly hash: Hash;
}

export const SCRAM_MECHANISMS: readonly ScramMechanism[] = [
  { type: 1, name: "SCRAM-SHA-256", hash: SHA_256 },
  { type: 2, name: "SCRAM-SHA-512", hash: SHA_512 },
];

/** Kafka's bounds: fewer would be guessed too fast, more would keep a broker busy with every login. */
export const SCRAM_ITERATIONS = { min: 4_096, max: 16_384 } as const;
/** A hash makes 32 or 64; Kafka takes any number. */
export const SALTED_PASSWORD_BYTES_MAX = 1_024;

export interface ScramKeys {
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

export function scramKeys({ hash }: ScramMechanism, saltedPassword: Uint8Array): ScramKeys {
  return {
    storedKey: hash.digest(hmac(hash, saltedPassword, CLIENT_KEY)),
    serverKey: hmac(hash, saltedPassword, SERVER_KEY),
  };
}

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

/** RFC 5802's words for the two keys. */
const CLIENT_KEY = ascii("Client Key");
const SERVER_KEY = ascii("Server Key");
