import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ANY_CLUSTER,
  BROKER_IDS_MAX,
  faultOfClaims,
  fromBase64url,
  PRINCIPAL_CHARACTERS_MAX,
  ROLE_NAMES,
  signingKey,
  signToken,
  toBase64url,
  TOKEN_CHARACTERS_MAX,
  verifyToken,
  type Claims,
} from "../../src/access/index.ts";

const SECRET = "a secret of thirty-two characters";
const key = await signingKey(SECRET);
const otherKey = await signingKey(`${SECRET}, and another`);

const NOW_S = 1_800_000_000;
const NOW_MS = 1000 * NOW_S;
const CLUSTER = "4L6g3nShT-eMCtK--X86sw";

const claims: Claims = {
  version: 1,
  id: "AAAAAAAAAAAAAAAAAAAAAA",
  role: "broker",
  cluster: CLUSTER,
  brokerIds: [1, 2],
  principal: "broker-1",
  issuedAt: NOW_S,
  expiresAt: NOW_S + 60,
};

const anyClaims: fc.Arbitrary<Claims> = fc
  .record({
    role: fc.constantFrom(...ROLE_NAMES),
    brokerIds: fc.uniqueArray(fc.nat(0x7fffffff), { minLength: 1, maxLength: BROKER_IDS_MAX }),
    principal: fc.string({ minLength: 1, maxLength: 100, unit: "grapheme" }),
    idBytes: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    issuedAt: fc.nat(NOW_S),
    lifetime: fc.integer({ min: 1, max: 1_000_000 }),
  })
  .map(({ role, brokerIds, principal, idBytes, issuedAt, lifetime }) => ({
    version: 1 as const,
    id: toBase64url(idBytes),
    role,
    cluster: role === "admin" ? ANY_CLUSTER : CLUSTER,
    brokerIds: role === "broker" ? brokerIds : [],
    principal,
    issuedAt,
    expiresAt: issuedAt + lifetime,
  }))
  .filter((drawn) => faultOfClaims(drawn) === null);

describe("a token", () => {
  test("says what was signed, with the key that signed it alone", async () => {
    await fc.assert(
      fc.asyncProperty(anyClaims, async (drawn) => {
        const token = await signToken(key, drawn);
        const at = 1000 * drawn.issuedAt;
        expect(token.length).toBeLessThanOrEqual(TOKEN_CHARACTERS_MAX);
        expect(await verifyToken([key], token, at)).toEqual(drawn);
        expect(await verifyToken([otherKey, key], token, at)).toEqual(drawn);
        expect(await verifyToken([otherKey], token, at)).toBe("unknown-key");
        expect(await verifyToken([], token, at)).toBe("unknown-key");
      }),
    );
  });

  test("of the largest claims is short enough to be read", async () => {
    const largest: Claims = {
      ...claims,
      brokerIds: Array.from({ length: BROKER_IDS_MAX }, (_, at) => 0x7fffffff - at),
      principal: "\u{ffee}".repeat(PRINCIPAL_CHARACTERS_MAX),
    };
    expect(await verifyToken([key], await signToken(key, largest), NOW_MS)).toEqual(largest);
  });

  test("is nothing with any letter changed, left out, put in or moved", async () => {
    const token = await signToken(key, claims);
    const letters = "ABCabc012-_.kedg= \n".split("");
    await fc.assert(
      fc.asyncProperty(
        fc.nat(token.length),
        fc.constantFrom(...letters, ""),
        fc.boolean(),
        async (at, letter, replaces) => {
          const changed = token.slice(0, at) + letter + token.slice(replaces ? at + 1 : at);
          fc.pre(changed !== token);
          expect(await verifyToken([key], changed, NOW_MS)).toBeTypeOf("string");
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test("is nothing when its parts are of two tokens", async () => {
    const [one, other] = [
      await signToken(key, claims),
      await signToken(key, { ...claims, principal: "broker-2" }),
    ].map((token) => token.split("."));
    const mixed = [...(one ?? []).slice(0, 3), other?.[3] ?? ""].join(".");
    expect(await verifyToken([key], mixed, NOW_MS)).toBe("forged");
  });

  test("whose key's name is another's is forged", async () => {
    const token = (await signToken(otherKey, claims)).replace(otherKey.id, key.id);
    expect(await verifyToken([key, otherKey], token, NOW_MS)).toBe("forged");
  });

  test("ends in the second in which it expires", async () => {
    const token = await signToken(key, claims);
    expect(await verifyToken([key], token, 1000 * claims.expiresAt - 1)).toEqual(claims);
    expect(await verifyToken([key], token, 1000 * claims.expiresAt)).toBe("expired");
  });

  test.each([
    ["no JSON", "{"],
    ["no object", "7"],
    ["another version", { v: 2 }],
    ["no version", { v: undefined }],
    ["a role that nobody has", { role: "root" }],
    ["a role of JavaScript's", { role: "constructor" }],
    ["broker ids of a viewer", { role: "viewer" }],
    ["a broker without ids", { brokers: undefined }],
    ["broker ids that are none", { brokers: ["1"] }],
    ["an id of another form", { jti: "1" }],
    ["no principal", { sub: "" }],
    ["a time that is none", { exp: 1e99 }],
    ["an end before its beginning", { exp: NOW_S - 1 }],
  ])("signed with our key, with %s, is malformed", async (_, changed) => {
    const whole = {
      v: 1,
      jti: claims.id,
      role: "broker",
      cluster: CLUSTER,
      brokers: [1],
      sub: "b",
      iat: NOW_S,
      exp: NOW_S + 60,
    };
    const text = typeof changed === "string" ? changed : JSON.stringify({ ...whole, ...changed });
    const signed = `kedge.${key.id}.${toBase64url(new TextEncoder().encode(text))}`;
    const mac = await crypto.subtle.sign("HMAC", key.hmac, new TextEncoder().encode(signed));
    const token = `${signed}.${toBase64url(new Uint8Array(mac))}`;
    expect(await verifyToken([key], token, NOW_MS - 10_000)).toBe("malformed");
  });

  test("that is long, or no text of ours at all, is malformed", async () => {
    const none = ["", "kedge", "kedge....", "Bearer x", "kedge.00000000..", "k".repeat(1_000_000)];
    for (const text of none) expect(await verifyToken([key], text, NOW_MS)).toBe("malformed");
  });
});

test("a key tells nothing of its secret but its name, which is the same every time", async () => {
  expect((await signingKey(SECRET)).id).toBe(key.id);
  expect(otherKey.id).not.toBe(key.id);
  expect(key.hmac.extractable).toBe(false);
  await expect(signingKey("too short")).rejects.toThrow("fewer than 32 characters");
});

test("claims that cannot hold are found out with the name of the field", () => {
  const faults = [
    { id: "short" },
    { role: "admin" },
    { cluster: "no-uuid" },
    { brokerIds: [] },
    { brokerIds: [-1] },
    { brokerIds: [1, 1] },
    { brokerIds: Array.from({ length: BROKER_IDS_MAX + 1 }, (_, at) => at) },
    { principal: "" },
    { principal: "x".repeat(PRINCIPAL_CHARACTERS_MAX + 1) },
    { principal: "a\nb" },
    { principal: "\ud800" },
    { expiresAt: NOW_S },
  ] as const;
  const found = faults.map((fault) => faultOfClaims({ ...claims, ...fault })?.split(":")[0]);
  expect(found).toEqual([
    "id",
    "cluster_id",
    "cluster_id",
    ...Array(4).fill("broker_ids"),
    ...Array(4).fill("principal"),
    "expires_in_s",
  ]);
  expect(faultOfClaims(claims)).toBeNull();
});

test("base64url has one spelling of any bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(fromBase64url(toBase64url(bytes))).toEqual(new Uint8Array(bytes));
    }),
  );
  for (const text of ["A", "AB", "AA=", "A+", "A/", "AAA ", "AAB"])
    expect(fromBase64url(text)).toBeNull();
});
