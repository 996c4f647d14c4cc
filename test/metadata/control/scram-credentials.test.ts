/**
 * SCRAM credentials as `kafka-configs` alters them: Kafka's answers, code and words, as `ScramControlManager` gives
 * them, and keys that verify whoever knows the password.
 */
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { scramCredential } from "../../../src/metadata/image/scram-image.ts";
import type { Office } from "../office.ts";
import { officeOf } from "../office.ts";
import { record, replayed, told } from "../world.ts";

const SHA_256 = 1;
const SHA_512 = 2;
const SALT = Uint8Array.from([1, 2, 3, 4, 5]);

const upsertion = (name: string, parts: object = {}) => ({
  name,
  mechanism: SHA_256,
  iterations: 4_096,
  salt: SALT,
  saltedPassword: new Uint8Array(32).fill(7),
  ...parts,
});

const deletion = (name: string, mechanism = SHA_256) => ({ name, mechanism });

interface Asked {
  readonly deletions?: readonly object[];
  readonly upsertions?: readonly object[];
}

/** "ann NONE", of each user. */
const ask = (one: Office, { deletions = [], upsertions = [] }: Asked): readonly string[] =>
  one
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the parts are the test's own
    .ask("AlterUserScramCredentials", { deletions, upsertions } as never)
    .results.map(({ user, ...outcome }) => `${user} ${told(outcome)}`);

/** "ann" has a credential of SHA-256, and "bob" of both. */
function office(metadataVersion = 25): Office {
  const one = officeOf({ metadataVersion });
  const has = [
    ["ann", SHA_256],
    ["bob", SHA_256],
    ["bob", SHA_512],
  ] as const;
  one.view = replayed(
    one.view,
    has.map(([name, mechanism]) =>
      record("USER_SCRAM_CREDENTIAL_RECORD", 0, { name, mechanism, iterations: 5_000 }),
    ),
  );
  return one;
}

const usersOf = ({ view }: Office): readonly string[] =>
  Array.from(view.scram.values(), ({ name, mechanism }) => `${name} ${mechanism}`);

const TWICE = "DUPLICATE_RESOURCE: A user credential cannot be altered twice in the same request";
const MISSING = "RESOURCE_NOT_FOUND: Attempt to delete a user credential that does not exist";

describe("a credential", () => {
  test.each([
    ["sha256", SHA_256, 32],
    ["sha512", SHA_512, 64],
  ])("of %s holds the keys of RFC 5802, and not the password", (hash, mechanism, bytes) => {
    const one = officeOf({});
    const saltedPassword = pbkdf2Sync("pencil", SALT, 4_096, bytes, hash);
    const asked = upsertion("ann", { mechanism, saltedPassword: Uint8Array.from(saltedPassword) });
    expect(ask(one, { upsertions: [asked] })).toEqual(["ann NONE"]);
    expect(one.records).toMatchObject([{ type: "USER_SCRAM_CREDENTIAL_RECORD", version: 0 }]);
    const stored = scramCredential(one.view.scram, mechanism, "ann");
    const hmac = (key: Uint8Array, text: string) => createHmac(hash, key).update(text).digest();
    const digest = createHash(hash).update(hmac(saltedPassword, "Client Key")).digest();
    expect(stored?.storedKey).toEqual(Uint8Array.from(digest));
    expect(stored?.serverKey).toEqual(Uint8Array.from(hmac(saltedPassword, "Server Key")));
    expect([stored?.salt, stored?.iterations]).toEqual([SALT, 4_096]);
    expect(JSON.stringify(one.records)).not.toContain(JSON.stringify(Array.from(saltedPassword)));
  });

  test("is written over and taken away", () => {
    const one = office();
    expect(ask(one, { upsertions: [upsertion("ann", { iterations: 16_384 })] })).toEqual([
      "ann NONE",
    ]);
    expect(scramCredential(one.view.scram, SHA_256, "ann")?.iterations).toBe(16_384);
    expect(ask(one, { deletions: [deletion("ann"), deletion("bob", SHA_512)] })).toEqual([
      "ann NONE",
      "bob NONE",
    ]);
    expect(one.wrote).toEqual(Array(2).fill("REMOVE_USER_SCRAM_CREDENTIAL_RECORD"));
    expect(usersOf(one)).toEqual(["bob 1"]);
  });

  test("of the last user of a mechanism goes while another's comes (Kafka's ScramDelta loses that one)", () => {
    const one = office();
    const asked = {
      deletions: [deletion("bob", SHA_512)],
      upsertions: [upsertion("eve", { mechanism: SHA_512 })],
    };
    expect(ask(one, asked)).toEqual(["bob NONE", "eve NONE"]);
    expect(usersOf(one)).toEqual(["ann 1", "bob 1", "eve 2"]);
  });
});

describe("is refused", () => {
  test.each<[string, Asked, readonly string[]]>([
    ["who does not exist", { deletions: [deletion("eve")] }, [`eve ${MISSING}`]],
    ["by another mechanism", { deletions: [deletion("ann", SHA_512)] }, [`ann ${MISSING}`]],
    [
      "nobody",
      { deletions: [deletion("")], upsertions: [upsertion("")] },
      [" UNACCEPTABLE_CREDENTIAL: Username must not be empty"],
    ],
    [
      "an unknown mechanism",
      { deletions: [deletion("ann", 0)], upsertions: [upsertion("eve", { mechanism: 3 })] },
      [
        "ann UNSUPPORTED_SASL_MECHANISM: Unknown SCRAM mechanism",
        "eve UNSUPPORTED_SASL_MECHANISM: Unknown SCRAM mechanism",
      ],
    ],
    [
      "too few and too many iterations",
      {
        upsertions: [
          upsertion("ann", { iterations: 4_095 }),
          upsertion("bob", { iterations: 16_385 }),
          upsertion("eve", { mechanism: SHA_512, iterations: -1 }),
        ],
      },
      [
        "ann UNACCEPTABLE_CREDENTIAL: Too few iterations",
        "bob UNACCEPTABLE_CREDENTIAL: Too many iterations",
        "eve UNACCEPTABLE_CREDENTIAL: Too few iterations",
      ],
    ],
    ["deleted twice", { deletions: [deletion("ann"), deletion("ann")] }, [`ann ${TWICE}`]],
    [
      "by two mechanisms at once",
      { upsertions: [upsertion("ann"), upsertion("ann", { mechanism: SHA_512 })] },
      [`ann ${TWICE}`],
    ],
    [
      "deleted and written",
      { deletions: [deletion("ann")], upsertions: [upsertion("ann")] },
      [`ann ${TWICE}`],
    ],
    [
      "with the first fault of his, whatever follows",
      { deletions: [deletion("eve")], upsertions: [upsertion("eve"), upsertion("eve")] },
      [`eve ${MISSING}`],
    ],
    [
      "a third time with the second's fault",
      { upsertions: [upsertion("ann"), upsertion("ann"), upsertion("ann")] },
      [`ann ${TWICE}`],
    ],
    [
      "a password of no bytes, for which Kafka has no answer",
      { upsertions: [upsertion("ann", { saltedPassword: new Uint8Array() })] },
      ["ann UNACCEPTABLE_CREDENTIAL: The salted password must not be empty"],
    ],
    [
      "a password that no hash makes",
      { upsertions: [upsertion("ann", { saltedPassword: new Uint8Array(1_025) })] },
      ["ann UNACCEPTABLE_CREDENTIAL: A salted password has 1024 bytes at most"],
    ],
  ])("%s", (_what, asked, expected) => {
    const one = office();
    expect(ask(one, asked)).toEqual(expected);
    expect(one.records).toEqual([]);
  });

  test("a user alone, and the others are altered", () => {
    const one = office();
    const asked = { deletions: [deletion("eve"), deletion("ann")], upsertions: [upsertion("zoe")] };
    expect(ask(one, asked)).toEqual([`eve ${MISSING}`, "ann NONE", "zoe NONE"]);
    expect(usersOf(one)).toEqual(["bob 1", "zoe 1", "bob 2"]);
  });

  test("at a metadata.version that cannot say it, before anything else", () => {
    const says = "UNSUPPORTED_VERSION: The current metadata.version does not support SCRAM";
    const one = officeOf({ metadataVersion: 10 });
    expect(ask(one, { deletions: [deletion("")], upsertions: [upsertion("eve")] })).toEqual([
      ` ${says}`,
      `eve ${says}`,
    ]);
    const next = officeOf({ metadataVersion: 11 });
    expect(ask(next, { upsertions: [upsertion("eve")] })).toEqual(["eve NONE"]);
  });

  test("in crowds as a whole, where Kafka's controller falls", () => {
    const users = Array.from({ length: 2_001 }, (_, at) => upsertion(`u${at}`));
    const one = officeOf({});
    expect(
      new Set(ask(one, { upsertions: users }).map((line) => line.replace(/^\S+ /, ""))),
    ).toEqual(new Set(["POLICY_VIOLATION: Unable to perform excessively large batch operation."]));
    expect(one.records).toEqual([]);
    expect(ask(one, { upsertions: users.slice(1) })).toHaveLength(2_000);
    expect(one.records).toHaveLength(2_000);
  });
});
