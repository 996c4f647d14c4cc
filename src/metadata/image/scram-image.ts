/**
 * SCRAM credentials by mechanism and user (KIP-554, KIP-900): derived keys, never a password.
 */
import { assert } from "../../std/assert.ts";
import { byText, ImmutableMap } from "../../std/immutable-map.ts";
import type {
  RemoveUserScramCredentialRecord,
  UserScramCredentialRecord,
} from "../../protocol/index.ts";

/** By `scramKey`, hence sorted by mechanism and user. */
export type ScramImage = ImmutableMap<string, UserScramCredentialRecord>;

export const NO_SCRAM: ScramImage = ImmutableMap.empty(byText);

const scramKey = (mechanism: number, user: string): string =>
  `${String(mechanism + 128).padStart(3, "0")}:${user}`;

export const scramCredential = (
  scram: ScramImage,
  mechanism: number,
  user: string,
): UserScramCredentialRecord | undefined => scram.get(scramKey(mechanism, user));

/** The bytes of a decoded record are views of its frame: what is kept is a copy. */
export const withScramCredential = (
  scram: ScramImage,
  record: UserScramCredentialRecord,
): ScramImage =>
  scram.set(scramKey(record.mechanism, record.name), {
    ...record,
    salt: record.salt.slice(),
    storedKey: record.storedKey.slice(),
    serverKey: record.serverKey.slice(),
  });

export function withoutScramCredential(
  scram: ScramImage,
  { mechanism, name }: RemoveUserScramCredentialRecord,
): ScramImage {
  const key = scramKey(mechanism, name);
  assert(scram.has(key), `the credential of ${name} (mechanism ${mechanism}) does not exist`);
  return scram.delete(key);
}
