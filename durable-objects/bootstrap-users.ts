/**
 * The SCRAM users that a cluster begins with (KIP-900), between the moment at which it is asked for and its first
 * records: what a password is verified by, as JSON holds it, and never a password. Keys can be attacked offline, so
 * they are no part of a cluster's entry, which many hold: the directory keeps them in rows of their own, and gives them
 * out to whoever forms the cluster.
 */
import type { UserScramCredentialRecord } from "../src/protocol/index.ts";

export interface BootstrapUser {
  readonly user: string;
  /** The number of Kafka's `ScramMechanism`. */
  readonly mechanism: number;
  readonly iterations: number;
  /** These three in base64. */
  readonly salt: string;
  readonly stored_key: string;
  readonly server_key: string;
}

/** The credential as the log has it. */
export const credentialOf = (user: BootstrapUser): UserScramCredentialRecord => ({
  name: user.user,
  mechanism: user.mechanism,
  salt: bytesOf(user.salt),
  storedKey: bytesOf(user.stored_key),
  serverKey: bytesOf(user.server_key),
  iterations: user.iterations,
});

/** Throws where it is no base64. */
export const bytesOf = (base64: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

export const base64Of = (bytes: Uint8Array): string =>
  btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
