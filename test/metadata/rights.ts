/**
 * What holds of the metadata that says who may do what, and how much of it, whatever was asked for: access control
 * entries, SCRAM credentials, client quotas and delegation tokens. A second opinion on the operations that write them,
 * kept from images alone.
 */
import type { MetadataImage } from "../../src/metadata/index.ts";
import type {
  AccessControlEntryRecord,
  DelegationTokenRecord,
  UserScramCredentialRecord,
} from "../../src/protocol/index.ts";

type Contents = Pick<MetadataImage, "acls" | "scram" | "clientQuotas" | "delegationTokens">;

/** What is wrong with `after`, or with the way from `before` to it; null if nothing is. */
export function rightsFault(before: Contents, after: Contents): string | null {
  return (
    (before.acls === after.acls ? null : aclFault([...after.acls.byId.values()])) ??
    (before.scram === after.scram ? null : firstFault(after.scram.values(), credentialFault)) ??
    (before.clientQuotas === after.clientQuotas ? null : quotaFault(after)) ??
    (before.delegationTokens === after.delegationTokens ? null : tokensFault(before, after))
  );
}

function firstFault<Item>(
  items: Iterable<Item>,
  faultOf: (item: Item) => string | null,
): string | null {
  for (const item of items) {
    const fault = faultOf(item);
    if (fault !== null) return fault;
  }
  return null;
}

/** An entry that is there is not written again: to remove it is to remove what it allows. */
function aclFault(entries: readonly AccessControlEntryRecord[]): string | null {
  const said = new Set<string>();
  return firstFault(entries, ({ id, ...entry }) => {
    const text = JSON.stringify(fieldsOf(entry));
    if (said.has(text)) return `the access control entry ${id} says what another one says`;
    said.add(text);
    return null;
  });
}

/** By the number of the mechanism: of how many bytes its keys are. */
const KEY_BYTES: Readonly<Record<number, number>> = { 1: 32, 2: 64 };

function credentialFault(credential: UserScramCredentialRecord): string | null {
  const { name, mechanism, iterations, storedKey, serverKey } = credential;
  const bytes = KEY_BYTES[mechanism];
  const isSound =
    name !== "" &&
    iterations >= 4_096 &&
    iterations <= 16_384 &&
    storedKey.length === bytes &&
    serverKey.length === bytes;
  return isSound ? null : `the credential of ${name} (mechanism ${mechanism}) is none`;
}

const quotaFault = ({ clientQuotas }: Contents): string | null =>
  firstFault(clientQuotas, ([key, { values }]) =>
    values.size > 0 && [...values.values()].every((value) => value > 0)
      ? null
      : `the quotas of ${key} limit nothing`,
  );

/** A renewal moves the end of a token and nothing else; nothing moves it beyond its lifetime. */
const tokensFault = (before: Contents, after: Contents): string | null =>
  firstFault(after.delegationTokens.values(), (token) => {
    const { tokenId, expirationTimestamp, maxTimestamp } = token;
    if (expirationTimestamp > maxTimestamp) return `token ${tokenId} outlives its lifetime`;
    const earlier = before.delegationTokens.get(tokenId);
    if (earlier === undefined || lasting(earlier) === lasting(token)) return null;
    return `token ${tokenId} is another than it was`;
  });

const lasting = (token: DelegationTokenRecord): string =>
  JSON.stringify(fieldsOf({ ...token, expirationTimestamp: 0 }));

const fieldsOf = (record: object): readonly (readonly [string, unknown])[] =>
  Object.entries(record).toSorted(([one], [other]) => (one < other ? -1 : 1));
