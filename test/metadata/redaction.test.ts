/**
 * What is secret in a record is not in the redacted one, whatever its kind; and what is replayed of redacted records
 * says which things there are, and which of them were written anew.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { refusalOf } from "../../src/metadata/configs/definition.ts";
import { BROKER_CONFIGS } from "../../src/metadata/configs/tables/broker.ts";
import { metadataChanges } from "../../src/metadata/diff/metadata-changes.ts";
import { emptyImage, type MetadataImage } from "../../src/metadata/image/metadata-image.ts";
import { redacted, redactedIn } from "../../src/metadata/redaction.ts";
import { applyRecords } from "../../src/metadata/replay/apply-records.ts";
import {
  decodeMetadataRecord,
  encodeMetadataRecord,
  type MetadataRecord,
} from "../../src/protocol/index.ts";
import { recordStream } from "./record-streams.ts";
import { record } from "./world.ts";

const TOPIC = 2;
const BROKER = 4;
const GROUP = 32;
const REDACTED = new TextEncoder().encode("(redacted)");

const config = (resourceType: number, name: string, value: string | null): MetadataRecord =>
  record("CONFIG_RECORD", 0, { resourceType, resourceName: "1", name, value });

const credential = (key: string, parts: object = {}): MetadataRecord => {
  const bytes = new TextEncoder().encode(key);
  const keys = { salt: bytes, storedKey: bytes, serverKey: bytes, iterations: 4_096 };
  return record("USER_SCRAM_CREDENTIAL_RECORD", 0, { name: "u", mechanism: 1, ...keys, ...parts });
};

const token = (tokenId: string, expirationTimestamp = 10): MetadataRecord =>
  record("DELEGATION_TOKEN_RECORD", 0, {
    owner: "User:alice",
    requester: "User:bob",
    renewers: ["User:carol", "User:dave"],
    issueTimestamp: 1,
    maxTimestamp: 20,
    expirationTimestamp,
    tokenId,
  });

/** The id that is shown of a token. */
const idOf = (of: MetadataRecord): unknown => Object(redacted(of).data).tokenId;

/** Each record a batch of its own. */
const after = (image: MetadataImage, ...records: readonly MetadataRecord[]): MetadataImage =>
  records.reduce((current, each) => {
    const endOffset = current.provenance.endOffset + 1;
    const provenance = { endOffset, epoch: 1, timestampMs: 0 };
    return applyRecords(current, [redactedIn(each, endOffset)], provenance);
  }, image);

describe("a redacted config", () => {
  test.each([
    ["a password", BROKER, "ssl.keystore.password"],
    ["a password of one listener", BROKER, "listener.name.internal.ssl.key.password"],
    ["a password of one mechanism", BROKER, "listener.name.x.scram-sha-512.sasl.jaas.config"],
    ["a password of a broker's file", BROKER, "delegation.token.secret.key"],
    ["one of a plugin, which nobody here knows", BROKER, "my.plugin.token"],
    ["one that topics do not have", TOPIC, "no.such.config"],
    ["one that groups do not have", GROUP, "ssl.keystore.password"],
    ["one of a kind of resource that is not known", 8, "retention.ms"],
  ])("has no value when it is %s", (_, resourceType, name) => {
    expect(redacted(config(resourceType, name, "secret"))).toEqual(
      config(resourceType, name, "(redacted)"),
    );
    expect(redacted(config(resourceType, name, ""))).toEqual(
      config(resourceType, name, "(redacted)"),
    );
  });

  test.each([
    ["is known and no password", config(TOPIC, "retention.ms", "1000")],
    ["is a broker's, known and no password", config(BROKER, "ssl.keystore.location", "/k.jks")],
    ["is deleted", config(BROKER, "ssl.keystore.password", null)],
  ])("is what it was when it %s", (_, same) => {
    expect(redacted(same)).toEqual(same);
  });
});

test("a redacted credential says whose it is, and how often the hash is done", () => {
  const keys = { salt: REDACTED, storedKey: REDACTED, serverKey: REDACTED };
  expect(redacted(credential("secret"))).toEqual(credential("", keys));
});

describe("a redacted delegation token", () => {
  test("says when it ends, and neither its id nor whom it concerns", () => {
    expect(redacted(token("uTpJPLp5R1yPnzfuxOXtzA")).data).toEqual({
      owner: "(redacted)",
      requester: "(redacted)",
      renewers: ["(redacted)", "(redacted)"],
      issueTimestamp: 1,
      maxTimestamp: 20,
      expirationTimestamp: 10,
      tokenId: expect.stringMatching(/^\(redacted\) [0-9a-f]{16}$/),
    });
  });

  test("is told from others, and its end is its own", () => {
    const removal = record("REMOVE_DELEGATION_TOKEN_RECORD", 0, { tokenId: "one" });
    expect(idOf(removal)).toBe(idOf(token("one", 12)));
    const ids = Array.from({ length: 1_000 }, (_, at) => idOf(token(`token-${at}`)));
    expect(new Set(ids).size).toBe(1_000);
    // FNV-1a's own test vectors.
    expect([idOf(token("")), idOf(token("foobar"))]).toEqual([
      "(redacted) cbf29ce484222325",
      "(redacted) 85944171f73967e8",
    ]);
  });
});

test("any redacted record can be written, and is the same when it is redacted before", () => {
  fc.assert(
    fc.property(recordStream(29), (records) => {
      for (const each of records) {
        const once = redacted(each);
        expect(decodeMetadataRecord(encodeMetadataRecord(once))).toEqual(once);
        expect(once.type).toBe(each.type);
        if (!each.type.includes("DELEGATION_TOKEN")) expect(redacted(once)).toEqual(once);
      }
    }),
    { numRuns: 30 },
  );
});

describe("an image without secrets", () => {
  const first = after(
    emptyImage,
    config(BROKER, "ssl.keystore.password", "secret-1"),
    config(BROKER, "my.plugin.token", "secret-1"),
    credential("secret-1"),
    token("secret-1"),
    token("secret-2"),
  );
  const told = (later: MetadataImage): unknown =>
    [...metadataChanges(first, later)].map(({ entity, change, fields }) => [
      entity,
      change,
      ...fields.map(({ name, from, to }) => `${name}: ${String(from)} → ${String(to)}`),
    ]);

  test("tells that a secret was written anew, though not which it is", () => {
    const later = after(
      first,
      config(BROKER, "ssl.keystore.password", "secret-3"),
      credential("secret-3"),
      token("secret-2", 15),
    );
    expect(told(later)).toEqual([
      ["CONFIG", "CHANGED"],
      ["SCRAM_CREDENTIAL", "CHANGED"],
      ["DELEGATION_TOKEN", "CHANGED", "expirationTimestamp: 10 → 15"],
    ]);
  });

  test("tells nothing of what was left as it was", () => {
    expect(told(after(first, config(TOPIC, "retention.ms", "1")))).toEqual([
      ["CONFIG", "CREATED", "value: null → 1"],
    ]);
  });

  test("loses a credential, a token and a config that are removed, and no other", () => {
    const later = after(
      first,
      config(BROKER, "my.plugin.token", null),
      record("REMOVE_USER_SCRAM_CREDENTIAL_RECORD", 0, { name: "u", mechanism: 1 }),
      record("REMOVE_DELEGATION_TOKEN_RECORD", 0, { tokenId: "secret-1" }),
    );
    expect([...metadataChanges(first, later)].map(({ change }) => change)).toEqual([
      "DELETED",
      "DELETED",
      "DELETED",
    ]);
    expect(later.delegationTokens.size).toBe(1);
  });
});

test("no value of a password is refused, so no refusal quotes one", () => {
  const passwords = [...BROKER_CONFIGS.values()].filter(({ type }) => type === "password");
  expect(passwords.length).toBeGreaterThan(9);
  for (const definition of passwords) {
    for (const value of ["", "secret", "{}", " x\n", "ü".repeat(9_000)]) {
      expect(refusalOf(definition, value)).toBeNull();
    }
  }
});
