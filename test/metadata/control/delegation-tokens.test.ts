/**
 * Delegation tokens as `kafka-delegation-tokens` makes, renews and expires them: Kafka's answers, in the order in which
 * `ControllerApis` and `DelegationTokenControlManager` look, and HMACs as brokers make them.
 */
import { createHmac } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expireDelegationTokens } from "../../../src/metadata/index.ts";
import type { ControlContext } from "../../../src/metadata/control/operation.ts";
import type { ErrorName } from "../../../src/protocol/index.ts";
import { ErrorCode } from "../../../src/protocol/index.ts";
import { delegationTokenKey } from "../../../durable-objects/delegation-token-key.ts";
import { Office } from "../office.ts";
import { uuidOf } from "../record-streams.ts";
import { TOKEN_KEY, TOKEN_SECRET } from "../token-key.ts";
import { contextFor, record, replayed, told, world } from "../world.ts";

const NOW_MS = 1_000_000;
const DAY_MS = 86_400_000;
const EXPIRY_MS = DAY_MS;
const LIFETIME_MS = 7 * DAY_MS;
const END_OF_TIME_MS = Number.MAX_SAFE_INTEGER;

interface Token {
  readonly tokenId: string;
  readonly owner?: string;
  readonly requester?: string;
  readonly renewers?: readonly string[];
  readonly maxTimestamp?: number;
  readonly expirationTimestamp?: number;
}

const tokenRecord = ({ tokenId, owner = "User:ann", requester = owner, ...parts }: Token) =>
  record("DELEGATION_TOKEN_RECORD", 0, {
    tokenId,
    owner,
    requester,
    renewers: [],
    issueTimestamp: NOW_MS - 10,
    maxTimestamp: NOW_MS + 5_000,
    expirationTimestamp: NOW_MS + 500,
    ...parts,
  });

/** "token" is ann's, whom zoe made it for; bob may renew it. */
const TOKEN: Token = { tokenId: "token", requester: "User:zoe", renewers: ["User:bob"] };

interface Cluster {
  readonly metadataVersion?: number;
  readonly tokens?: readonly Token[];
  readonly key?: ControlContext["delegationTokenKey"];
  readonly config?: Partial<ControlContext["config"]>;
}

const calling = (name: string, parts: object = {}): ControlContext["caller"] => ({
  principal: { type: "User", name, tokenAuthenticated: false, ...parts },
  isForwarded: true,
  clientAddress: "10.0.0.1",
});

/** The cluster's office as `who` finds it. */
function officeFor(who: string | ControlContext["caller"], cluster: Cluster = {}): Office {
  const { metadataVersion = 14, tokens = [TOKEN], key = TOKEN_KEY, config = {} } = cluster;
  const view = replayed(world({ metadataVersion }), tokens.map(tokenRecord));
  const caller = typeof who === "string" ? calling(who) : who;
  const context = contextFor(view);
  const office = new Office(view, {
    caller,
    delegationTokenKey: key,
    config: { ...context.config, ...config },
  });
  office.nowMs = NOW_MS;
  return office;
}

const hmacOf = (tokenId: string): Uint8Array =>
  Uint8Array.from(createHmac("sha512", TOKEN_SECRET).update(tokenId).digest());
const HMAC = hmacOf("token");

const created = (office: Office, parts: object = {}, version?: number) =>
  office.ask(
    "CreateDelegationToken",
    { renewers: [], maxLifetimeMs: -1n, ownerPrincipalName: null, ...parts },
    version,
  );
const renewed = (office: Office, renewPeriodMs = -1n, hmac = HMAC) =>
  office.ask("RenewDelegationToken", { hmac, renewPeriodMs });
const expired = (office: Office, expiryTimePeriodMs = -1n, hmac = HMAC) =>
  office.ask("ExpireDelegationToken", { hmac, expiryTimePeriodMs });

const user = (principalName: string, principalType = "User") => ({ principalType, principalName });
const tokensOf = ({ view }: Office) => [...view.delegationTokens.values()];

const NOT_ALLOWED: readonly (readonly [string, ControlContext["caller"]])[] = [
  ["who comes by himself", { ...calling("ann"), isForwarded: false }],
  ["who logged in with a token", calling("ann", { tokenAuthenticated: true })],
];

/** So many tokens that one has made for another. */
const crowd = (requester: string, count: number): readonly Token[] =>
  Array.from({ length: count }, (_, at) => ({
    tokenId: `${requester}-${at}`,
    owner: "User:eve",
    requester: `User:${requester}`,
  }));

/** So many whose time is over. */
const overdue = (count: number): readonly Token[] =>
  Array.from({ length: count }, (_, at) => ({ tokenId: `t${at}`, expirationTimestamp: 1 }));

/** Which tokens one run of the sweep leaves. */
const swept = (tokens: readonly Token[], nowMs: number) => {
  const { view } = officeFor("ann", { tokens });
  const { records, response } = expireDelegationTokens.rule(view, contextFor(view, { nowMs }));
  const after = replayed(view, records);
  return { left: [...after.delegationTokens.keys()], ...response };
};

describe("a token that is created", () => {
  test("has the HMAC that brokers make of its id, and is in the log without it", () => {
    const office = officeFor("ann", { tokens: [] });
    const { hmac, tokenId, ...rest } = created(office, { renewers: [user("bob"), user("eve")] });
    expect(rest).toEqual({
      errorCode: 0,
      principalType: "User",
      principalName: "ann",
      tokenRequesterPrincipalType: "User",
      tokenRequesterPrincipalName: "ann",
      issueTimestampMs: NOW_MS,
      expiryTimestampMs: NOW_MS + EXPIRY_MS,
      maxTimestampMs: NOW_MS + LIFETIME_MS,
      throttleTimeMs: 0,
    });
    expect(hmac).toEqual(hmacOf(tokenId));
    expect(office.records).toEqual([
      record("DELEGATION_TOKEN_RECORD", 0, {
        owner: "User:ann",
        requester: "User:ann",
        renewers: ["User:bob", "User:eve"],
        issueTimestamp: NOW_MS,
        maxTimestamp: NOW_MS + LIFETIME_MS,
        expirationTimestamp: NOW_MS + EXPIRY_MS,
        tokenId,
      }),
    ]);
    expect(tokenId).toMatch(/^[\w-]{22}$/);
    expect(created(office).tokenId).not.toBe(tokenId);
  });

  test("has an id that only who has the key could make, and that no command line takes for an option", () => {
    const other = delegationTokenKey("another secret");
    const ids = Array.from({ length: 500 }, (_, at) => TOKEN_KEY?.tokenIdOf(uuidOf(at)) ?? "");
    expect(new Set(ids).size).toBe(500);
    expect(ids.filter((id) => id.startsWith("-"))).toEqual([]);
    expect(TOKEN_KEY?.tokenIdOf(uuidOf(7))).toBe(ids[7]);
    expect(ids).not.toContain(other?.tokenIdOf(uuidOf(7)));
    expect(ids).not.toContain(uuidOf(7));
  });

  test("may be another's, who owns it then", () => {
    const office = officeFor("zoe", { tokens: [] });
    const owner = { ownerPrincipalType: "Robot", ownerPrincipalName: "a:b" };
    expect(created(office, owner)).toMatchObject({
      principalType: "Robot",
      principalName: "a:b",
      tokenRequesterPrincipalName: "zoe",
    });
    expect(tokensOf(office)).toMatchObject([{ owner: "Robot:a:b", requester: "User:zoe" }]);
  });

  test.each([1, 2])("by version %i is one's own, and of no requester", (version) => {
    const office = officeFor("ann", { tokens: [] });
    const own = { ownerPrincipalType: "", ownerPrincipalName: "" };
    expect(created(office, own, version)).toMatchObject({
      errorCode: 0,
      principalName: "ann",
      tokenRequesterPrincipalType: "",
      tokenRequesterPrincipalName: "",
    });
    expect(tokensOf(office)).toMatchObject([{ owner: "User:ann", requester: "User:ann" }]);
  });

  test.each<[string, bigint, number, number]>([
    ["as long as may be", -1n, LIFETIME_MS, EXPIRY_MS],
    ["as long as may be", 0n, LIFETIME_MS, EXPIRY_MS],
    ["a moment", 1n, 1, 1],
    ["a little less", BigInt(LIFETIME_MS) - 1n, LIFETIME_MS - 1, EXPIRY_MS],
    ["no longer", BigInt(LIFETIME_MS) + 1n, LIFETIME_MS, EXPIRY_MS],
    ["no longer", 2n ** 63n - 1n, LIFETIME_MS, EXPIRY_MS],
    ["no less than nothing", -(2n ** 63n), LIFETIME_MS, EXPIRY_MS],
  ])("lives %s, where %i ms are asked for", (_, maxLifetimeMs, livesMs, expiresMs) => {
    expect(created(officeFor("ann"), { maxLifetimeMs })).toMatchObject({
      maxTimestampMs: NOW_MS + livesMs,
      expiryTimestampMs: NOW_MS + expiresMs,
    });
  });

  test("lives by the settings of the cluster, to the end of time at most", () => {
    const config = {
      delegationTokenMaxLifetimeMs: END_OF_TIME_MS,
      delegationTokenExpiryTimeMs: END_OF_TIME_MS - NOW_MS + 1,
    };
    expect(created(officeFor("ann", { config }))).toMatchObject({
      maxTimestampMs: END_OF_TIME_MS,
      expiryTimestampMs: END_OF_TIME_MS,
    });
    const short = { delegationTokenMaxLifetimeMs: 7, delegationTokenExpiryTimeMs: 5 };
    expect(created(officeFor("ann", { config: short }))).toMatchObject({
      maxTimestampMs: NOW_MS + 7,
      expiryTimestampMs: NOW_MS + 5,
    });
  });
});

describe("a token is not created", () => {
  const LONG = "x".repeat(4_096 - 2 * "User:ann".length - "User:".length);
  test.each<[string, ErrorName, Cluster, object]>([
    ["without a key", "DELEGATION_TOKEN_AUTH_DISABLED", { key: null, metadataVersion: 13 }, {}],
    [
      "below 3.6-IV2",
      "UNSUPPORTED_VERSION",
      { metadataVersion: 13 },
      { renewers: [user("g", "Group")] },
    ],
    [
      "with a group as renewer",
      "INVALID_PRINCIPAL_TYPE",
      {},
      { renewers: [user("b"), user("g", "Group")] },
    ],
    [
      "for an owner of no type, where Kafka fails",
      "INVALID_PRINCIPAL_TYPE",
      {},
      { ownerPrincipalType: null, ownerPrincipalName: "bob" },
    ],
    [
      "for an owner who would be read back as another",
      "INVALID_PRINCIPAL_TYPE",
      {},
      { ownerPrincipalType: "User:a", ownerPrincipalName: "b" },
    ],
    ["with names too long", "POLICY_VIOLATION", {}, { renewers: [user(`${LONG}x`)] }],
    [
      "with too many renewers",
      "POLICY_VIOLATION",
      {},
      { renewers: Array.from({ length: 101 }, () => user("b")) },
    ],
  ])("%s: %s", (_, error, cluster, parts) => {
    const office = officeFor("ann", cluster);
    const response = created(office, parts);
    expect(told(response)).toBe(error);
    expect(response).toMatchObject({ issueTimestampMs: 0, tokenId: "", hmac: new Uint8Array() });
    expect(office.records).toEqual([]);
  });

  test.each(NOT_ALLOWED)("for %s", (_, caller) => {
    const office = officeFor(caller, { key: null });
    const owner = { ownerPrincipalType: "User", ownerPrincipalName: "bob" };
    expect(created(office, owner)).toEqual({
      errorCode: ErrorCode.DELEGATION_TOKEN_REQUEST_NOT_ALLOWED,
      principalType: "User",
      principalName: "bob",
      tokenRequesterPrincipalType: "User",
      tokenRequesterPrincipalName: "ann",
      issueTimestampMs: -1,
      expiryTimestampMs: -1,
      maxTimestampMs: -1,
      tokenId: "",
      hmac: new Uint8Array(),
      throttleTimeMs: 0,
    });
    expect(office.records).toEqual([]);
  });

  test("and just within the bounds it is", () => {
    const office = officeFor("ann");
    expect(told(created(office, { renewers: [user(LONG)] }))).toBe("NONE");
    const renewers = Array.from({ length: 100 }, () => user("b"));
    expect(told(created(office, { renewers }))).toBe("NONE");
  });

  test("by one who has made a thousand, nor by anybody when there are two thousand", () => {
    const tokens = [...crowd("ann", 1_000), ...crowd("bob", 999)];
    expect(told(created(officeFor("ann", { tokens })))).toBe("POLICY_VIOLATION");
    expect(told(created(officeFor("eve", { tokens })))).toBe("NONE");
    const bob = officeFor("bob", { tokens });
    expect(told(created(bob))).toBe("NONE");
    expect(told(created(officeFor("eve", { tokens: [...tokens, TOKEN] })))).toBe(
      "POLICY_VIOLATION",
    );
  });
});

describe("who may", () => {
  test.each<[string, string | ControlContext["caller"], ErrorName]>([
    ["the owner", "ann", "NONE"],
    ["a renewer", "bob", "NONE"],
    ["who requested it for another, and is neither", "zoe", "DELEGATION_TOKEN_OWNER_MISMATCH"],
    ["anybody else", "eve", "DELEGATION_TOKEN_OWNER_MISMATCH"],
    ["another type of ann", calling("ann", { type: "Robot" }), "DELEGATION_TOKEN_OWNER_MISMATCH"],
    [
      "who reads the same and is another",
      calling("b", { type: "User:a" }),
      "DELEGATION_TOKEN_OWNER_MISMATCH",
    ],
  ])("%s", (_, who, error) => {
    const tokens = [TOKEN, { tokenId: "odd", owner: "User:a:b" }];
    const hmac = typeof who === "object" && who.principal.name === "b" ? hmacOf("odd") : HMAC;
    for (const answer of [renewed, expired]) {
      const office = officeFor(who, { tokens });
      expect(told(answer(office, undefined, hmac))).toBe(error);
      expect(office.records).toHaveLength(error === "NONE" ? 1 : 0);
    }
  });

  test.each(NOT_ALLOWED)("not %s", (_, caller) => {
    for (const answer of [renewed, expired]) {
      const office = officeFor(caller, { key: null });
      expect(answer(office)).toMatchObject({ errorCode: 64, expiryTimestampMs: -1 });
      expect(office.records).toEqual([]);
    }
  });
});

describe.each([
  ["renewed", renewed],
  ["expired", expired],
])("no token is %s", (_, answer) => {
  test.each<[string, ErrorName, Cluster]>([
    ["without a key", "DELEGATION_TOKEN_AUTH_DISABLED", { key: null, metadataVersion: 13 }],
    ["below 3.6-IV2", "UNSUPPORTED_VERSION", { metadataVersion: 13 }],
    ["where there is none", "DELEGATION_TOKEN_NOT_FOUND", { tokens: [] }],
    ["where there are others", "DELEGATION_TOKEN_NOT_FOUND", { tokens: [{ tokenId: "another" }] }],
  ])("%s: %s", (_claim, error, cluster) => {
    const office = officeFor("ann", cluster);
    const response = answer(office);
    expect([told(response), response.expiryTimestampMs]).toEqual([error, 0]);
    expect(office.records).toEqual([]);
  });

  test("by an HMAC that is nearly its own", () => {
    const wrong = [
      HMAC.slice(0, 63),
      Uint8Array.from([...HMAC, 0]),
      new Uint8Array(),
      ...[0, 31, 63].map((at) => HMAC.map((byte, own) => (own === at ? byte ^ 1 : byte))),
    ];
    const office = officeFor("ann");
    for (const hmac of wrong) {
      expect(told(answer(office, undefined, hmac))).toBe("DELEGATION_TOKEN_NOT_FOUND");
    }
    expect(told(answer(office))).toBe("NONE");
  });
});

describe("a token", () => {
  test.each<[string, bigint, number]>([
    ["for as long as may be", -1n, 3_000],
    ["for as long as may be", 0n, 3_000],
    ["for a moment", 1n, 1],
    ["for no longer than one renewal gives", 3_001n, 3_000],
    ["for no longer than one renewal gives", 2n ** 63n - 1n, 3_000],
  ])("is renewed %s, with a period of %i ms", (_, period, expectedMs) => {
    const office = officeFor("bob", { config: { delegationTokenExpiryTimeMs: 3_000 } });
    const [before] = tokensOf(office);
    expect(renewed(office, period)).toEqual({
      errorCode: 0,
      expiryTimestampMs: NOW_MS + expectedMs,
      throttleTimeMs: 0,
    });
    expect(tokensOf(office)).toEqual([{ ...before, expirationTimestamp: NOW_MS + expectedMs }]);
  });

  test("is renewed up to its lifetime's end, and expired up to there", () => {
    const office = officeFor("ann");
    expect(renewed(office).expiryTimestampMs).toBe(NOW_MS + 5_000);
    expect(expired(office, 2n ** 63n - 1n).expiryTimestampMs).toBe(NOW_MS + 5_000);
    expect(tokensOf(office)).toMatchObject([{ expirationTimestamp: NOW_MS + 5_000 }]);
  });

  test("is expired from now on, sooner or later than it would have been", () => {
    const office = officeFor("ann");
    const [before] = tokensOf(office);
    for (const period of [7, 700, 0]) {
      expect(expired(office, BigInt(period)).expiryTimestampMs).toBe(NOW_MS + period);
      expect(tokensOf(office)).toEqual([{ ...before, expirationTimestamp: NOW_MS + period }]);
    }
  });

  test.each([-1n, -(2n ** 63n)])("is gone at once, with a period of %i ms", (period) => {
    const office = officeFor("bob", { tokens: [TOKEN, { tokenId: "another" }] });
    expect(expired(office, period)).toMatchObject({ errorCode: 0, expiryTimestampMs: NOW_MS });
    expect(office.records).toEqual([
      record("REMOVE_DELEGATION_TOKEN_RECORD", 0, { tokenId: "token" }),
    ]);
    expect(tokensOf(office)).toMatchObject([{ tokenId: "another" }]);
    expect(told(renewed(office))).toBe("DELEGATION_TOKEN_NOT_FOUND");
  });

  test.each<[string, Partial<Token>]>([
    ["its time is over", { expirationTimestamp: NOW_MS - 1 }],
    ["its lifetime is over", { maxTimestamp: NOW_MS - 1 }],
  ])("is only removed once %s", (_, parts) => {
    const office = officeFor("ann", { tokens: [{ ...TOKEN, ...parts }] });
    expect(told(renewed(office))).toBe("DELEGATION_TOKEN_EXPIRED");
    expect(told(expired(office, 0n))).toBe("DELEGATION_TOKEN_EXPIRED");
    expect(told(renewed(officeFor("eve", { tokens: [{ ...TOKEN, ...parts }] })))).toBe(
      "DELEGATION_TOKEN_EXPIRED",
    );
    expect(told(expired(officeFor("eve", { tokens: [{ ...TOKEN, ...parts }] }), 0n))).toBe(
      "DELEGATION_TOKEN_OWNER_MISMATCH",
    );
    expect(told(expired(office, -1n))).toBe("NONE");
    expect(tokensOf(office)).toEqual([]);
  });

  test("may be renewed in the very millisecond in which it ends", () => {
    const atEnd = { maxTimestamp: NOW_MS, expirationTimestamp: NOW_MS };
    const office = officeFor("ann", { tokens: [{ ...TOKEN, ...atEnd }] });
    expect(renewed(office).expiryTimestampMs).toBe(NOW_MS);
  });

  test("is found by its HMAC in the view, committed or not, and by no other token's", () => {
    const office = officeFor("ann", { tokens: [] });
    const tokens = Array.from({ length: 20 }, () => created(office));
    const renewals = tokens.map(({ hmac }) => renewed(office, 5n, hmac).expiryTimestampMs);
    expect(new Set(renewals)).toEqual(new Set([NOW_MS + 5]));
    for (const { hmac } of tokens.slice(0, 10)) expired(office, -1n, hmac);
    expect(
      tokensOf(office)
        .map(({ tokenId }) => tokenId)
        .toSorted(),
    ).toEqual(
      tokens
        .slice(10)
        .map(({ tokenId }) => tokenId)
        .toSorted(),
    );
  });
});

describe("the sweep", () => {
  test("removes what has expired, and nothing that may still be renewed", () => {
    const tokens = [
      { tokenId: "ended", expirationTimestamp: NOW_MS - 1 },
      { tokenId: "old", maxTimestamp: NOW_MS - 1 },
      { tokenId: "ending", expirationTimestamp: NOW_MS, maxTimestamp: NOW_MS },
      { tokenId: "young" },
    ];
    expect(swept(tokens, NOW_MS)).toEqual({ left: ["ending", "young"], isBounded: false });
    expect(swept(tokens, NOW_MS + 1)).toEqual({ left: ["young"], isBounded: false });
    expect(swept(tokens, 0).left).toHaveLength(4);
  });

  test("removes a thousand in one run, and says when more are left", () => {
    expect(swept(overdue(1_000), NOW_MS)).toEqual({ left: [], isBounded: false });
    const { left, isBounded } = swept(overdue(1_001), NOW_MS);
    expect([left.length, isBounded]).toEqual([1, true]);
  });
});

test("a life of tokens: nobody but owner and renewers changes one, and none outlives its time", () => {
  const names = ["ann", "bob", "eve"] as const;
  const who = fc.constantFrom(...names);
  const step = fc.record({
    kind: fc.constantFrom(
      "create",
      "create",
      "renew",
      "renew",
      "expire",
      "remove",
      "sweep",
      "wait",
    ),
    who,
    owner: fc.option(who),
    renewers: fc.array(who, { maxLength: 2 }),
    which: fc.nat(9),
    periodMs: fc.integer({ min: -1, max: 90 }),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 60 }), (steps) => {
      const config = { delegationTokenMaxLifetimeMs: 100, delegationTokenExpiryTimeMs: 40 };
      const offices = new Map(names.map((name) => [name, officeFor(name, { tokens: [], config })]));
      let { view } = officeFor("ann", { tokens: [] });
      let nowMs = NOW_MS;
      /** What is known of each token: its HMAC, and who may renew it. */
      const known: { id: string; hmac: Uint8Array; may: Set<string>; maxMs: number }[] = [];
      for (const each of steps) {
        const office = offices.get(each.who);
        const token = known[each.which];
        if (office === undefined) return;
        office.view = view;
        office.nowMs = nowMs;
        const before = token && view.delegationTokens.get(token.id);
        const isOver =
          before !== undefined &&
          (before.maxTimestamp < nowMs || before.expirationTimestamp < nowMs);
        const expectAnswer = (response: { errorCode: number }, mismatchFirst: boolean): void => {
          const faults = [
            ...(before === undefined ? ["DELEGATION_TOKEN_NOT_FOUND"] : []),
            ...(mismatchFirst && !token?.may.has(each.who)
              ? ["DELEGATION_TOKEN_OWNER_MISMATCH"]
              : []),
            ...(isOver && each.kind !== "remove" ? ["DELEGATION_TOKEN_EXPIRED"] : []),
            ...(token?.may.has(each.who) ? [] : ["DELEGATION_TOKEN_OWNER_MISMATCH"]),
          ];
          expect(told(response)).toBe(faults[0] ?? "NONE");
          if (faults.length > 0) expect(office.records).toEqual([]);
        };
        switch (each.kind) {
          case "create": {
            const owner = each.owner ?? each.who;
            const response = created(office, {
              ownerPrincipalType: "User",
              ownerPrincipalName: owner,
              renewers: each.renewers.map((name) => user(name)),
              maxLifetimeMs: BigInt(each.periodMs),
            });
            expect(told(response)).toBe("NONE");
            const { tokenId: id, hmac, maxTimestampMs: maxMs } = response;
            known.push({ id, hmac, may: new Set([owner, ...each.renewers]), maxMs });
            break;
          }
          case "renew":
            if (token !== undefined)
              expectAnswer(renewed(office, BigInt(each.periodMs), token.hmac), false);
            break;
          case "expire":
            if (token !== undefined)
              expectAnswer(expired(office, BigInt(Math.max(0, each.periodMs)), token.hmac), true);
            break;
          case "remove":
            if (token !== undefined) expectAnswer(expired(office, -1n, token.hmac), true);
            break;
          case "sweep": {
            const { records } = expireDelegationTokens.rule(view, contextFor(view, { nowMs }));
            office.view = replayed(view, records);
            for (const { expirationTimestamp } of office.view.delegationTokens.values())
              expect(expirationTimestamp).toBeGreaterThanOrEqual(nowMs);
            break;
          }
          case "wait":
            nowMs += each.which * 10;
            break;
        }
        ({ view } = office);
        for (const { id, maxMs } of known) {
          const left = view.delegationTokens.get(id);
          if (left === undefined) continue;
          expect(left.maxTimestamp).toBe(maxMs);
          expect(left.expirationTimestamp).toBeLessThanOrEqual(maxMs);
        }
      }
    }),
    { numRuns: 300 },
  );
});
