/** SCRAM users that a cluster begins with: what is kept of a password, and what is no such user. */
import { pbkdf2Sync } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  BOOTSTRAP_USERS,
  bootstrapUsers,
  usersAgree,
  usersOf,
} from "../../worker/clusters/bootstrap-users.ts";
import { valueAt } from "../../worker/http/fields.ts";
import { clusterRequestOf } from "../../worker/clusters/cluster-requests.ts";
import { leaksIn, plant } from "./planted.ts";

/** The example of RFC 7677: its keys are Kafka's, too. */
const PENCIL = {
  user: "user",
  mechanism: "SCRAM-SHA-256",
  salt: "W22ZaJ0SNY7soEsUEjb6gQ==",
  password: "pencil",
};
const usersAt = (given: readonly unknown[] | undefined) =>
  usersOf(given === undefined ? undefined : valueAt(BOOTSTRAP_USERS, given, "scram_users"));
const listedFrom = (...users: readonly unknown[]) => bootstrapUsers(usersAt(users) ?? []);

describe("a user that is given a password", () => {
  test("is listed with the keys that verify it, as RFC 7677 derives them", async () => {
    expect(await listedFrom(PENCIL)).toEqual([
      {
        user: "user",
        mechanism: 1,
        iterations: 4_096,
        salt: PENCIL.salt,
        stored_key: "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=",
        server_key: "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
      },
    ]);
  });

  test.each([
    ["SCRAM-SHA-256", "sha256", 32],
    ["SCRAM-SHA-512", "sha512", 64],
  ])("by %s is as one that is given the salted password", async (mechanism, hash, length) => {
    const user = { user: "ann", mechanism, iterations: 5_000, salt: PENCIL.salt };
    const password = "pässword, with a comma";
    const salt = Buffer.from(PENCIL.salt, "base64");
    const salted = pbkdf2Sync(password, salt, 5_000, length, hash).toString("base64");
    const [own] = await listedFrom({ ...user, password });
    expect(own).toMatchObject({ mechanism: length / 32, iterations: 5_000 });
    expect(await listedFrom({ ...user, salted_password: salted })).toEqual([own]);
  });

  test("has a salt of its own where none is given", async () => {
    const { salt: _, ...user } = PENCIL;
    const listed = await listedFrom(user, { ...user, user: "other" });
    const salts = listed.map(({ salt }) => Buffer.from(salt, "base64"));
    expect(salts.map(({ length }) => length)).toEqual([32, 32]);
    expect(salts[0]?.equals(salts[1] ?? Buffer.alloc(0))).toBe(false);
  });
});

describe("a request that is repeated", () => {
  const { salt: _, ...drawn } = PENCIL;
  const ann = { ...drawn, user: "ann", mechanism: "SCRAM-SHA-512", iterations: 8_192 };
  test.each<[string, boolean, readonly unknown[] | undefined]>([
    ["names the same, in any order", true, [ann, drawn]],
    ["names none", true, undefined],
    ["has none", false, []],
    ["has one more", false, [drawn, ann, { ...ann, user: "bob" }]],
    ["has another in the place of one", false, [drawn, { ...ann, user: "bob" }]],
    ["has another password", false, [drawn, { ...ann, password: "other" }]],
    ["has other iterations", false, [drawn, { ...ann, iterations: 8_193 }]],
    ["has another mechanism", false, [drawn, { ...ann, mechanism: "SCRAM-SHA-256" }]],
    ["gives a salt that was not drawn", false, [drawn, { ...ann, salt: PENCIL.salt }]],
  ])("and %s, agrees: %s", async (_what, agrees, again) => {
    const kept = await listedFrom(drawn, ann);
    expect(await usersAgree(kept, usersAt(again))).toBe(agrees);
  });

  test("agrees with the salt that it gave", async () => {
    expect(await usersAgree(await listedFrom(PENCIL), usersAt([PENCIL]))).toBe(true);
    expect(await usersAgree(await listedFrom(PENCIL), usersAt([drawn]))).toBe(true);
  });
});

describe("no such user", () => {
  const secret = plant("bootstrap-password");
  const user = { ...PENCIL, password: secret };
  const { password: _, ...bare } = user;
  const many = Array.from({ length: 101 }, (_none, at) => ({ ...user, user: `u${at}` }));
  test.each<[unknown, string]>([
    [{}, "scram_users: must be an array"],
    [[secret], "scram_users[0]: must be an object"],
    [[{ ...user, name: "x" }], "scram_users[0].name: unknown field"],
    [[{ ...user, user: "" }], "scram_users[0].user: must be a text of 1 to 256 characters"],
    [[{ ...user, user: "x".repeat(257) }], "scram_users[0].user: must be a text"],
    [[{ ...user, user: "\ud800" }], "scram_users[0].user: must be a text"],
    [[{ ...user, mechanism: "PLAIN" }], "scram_users[0].mechanism: must be one of SCRAM-SHA-256, "],
    [[{ ...user, iterations: 4_095 }], "scram_users[0].iterations: must be a whole number from"],
    [[{ ...user, iterations: 16_385 }], "from 4096 to 16384"],
    [[{ ...user, salt: `${secret}!` }], "scram_users[0].salt: must be base64"],
    [[{ ...user, salt: "" }], "scram_users[0].salt: must be base64 of 1 to 1024 bytes"],
    [[{ ...user, password: "" }], "scram_users[0].password: must be a text of 1 to 1024"],
    [[{ ...user, password: [secret] }], "scram_users[0].password: must be a string"],
    [[{ ...user, password: secret.repeat(99) }], "scram_users[0].password: must be a text"],
    [[{ ...user, salted_password: "AAAA" }], "scram_users[0]: must be given a password or a"],
    [[bare], "scram_users[0]: must be given a password or a salted_password"],
    [
      [{ ...bare, salted_password: `${secret}!` }],
      "scram_users[0].salted_password: must be base64",
    ],
    [[{ ...bare, salt: undefined, salted_password: "AAAA" }], "scram_users[0].salt: must be given"],
    [[user, { ...user, password: "other" }], "scram_users[1]: must be another user"],
    [many, "scram_users: must be a list of 100 at most"],
  ])("is %j", (scram_users, message) => {
    const asked = (): unknown => clusterRequestOf({ scram_users }, 0);
    expect(asked).toThrow(message);
    try {
      asked();
    } catch (error) {
      expect(leaksIn(String(error))).toEqual([]);
    }
  });

  const clusterId = "JEXY6aqzQY-32P5TStzaFg";
  test.each([
    [{ fork_of: clusterId }, "scram_users: must be left out: a fork has"],
    [{ cluster_id: clusterId, observed: true }, "scram_users: must be left out: others run"],
  ])("is of a cluster that begins with another's metadata: %j", (body, message) => {
    expect(() => clusterRequestOf({ ...body, scram_users: [PENCIL] }, 0)).toThrow(message);
  });
});
