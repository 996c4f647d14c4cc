/** Which tokens are revoked, and what a revocation adds. */
import { describe, expect, test } from "vitest";
import {
  isRevoked,
  NOTHING_REVOKED,
  REVOKED_MAX,
  revoke,
  together,
  type Revocation,
  type Revocations,
} from "../../src/access/index.ts";

const NOW_S = 1_800_000_000;
const NOW_MS = 1000 * NOW_S;
const LATER_S = NOW_S + 3_600;
const CLAIMS = { id: "a", issuedAt: NOW_S - 60 };

const token = (id: string, expires_at = LATER_S): Revocation => ({
  kind: "token",
  token: { id, expires_at },
});
const notBefore = (not_before: number): Revocation => ({ kind: "not-before", not_before });

/** What holds after these, one after the other; fails when one is too many. */
const after = (...revocations: readonly Revocation[]): Revocations =>
  revocations.reduce<Revocations>((before, revocation) => {
    const next = revoke(before, revocation, NOW_MS);
    if (next === null) throw new Error("too many");
    return next;
  }, NOTHING_REVOKED);

describe("a token", () => {
  test("holds while nothing is revoked", () => {
    expect(isRevoked(NOTHING_REVOKED, CLAIMS)).toBe(false);
    expect(isRevoked(NOTHING_REVOKED, { id: "", issuedAt: 0 })).toBe(false);
  });

  test("is revoked by its id alone", () => {
    const revocations = after(token("a"));
    expect(isRevoked(revocations, CLAIMS)).toBe(true);
    expect(isRevoked(revocations, { ...CLAIMS, id: "b" })).toBe(false);
    expect(isRevoked(revocations, { ...CLAIMS, id: "" })).toBe(false);
  });

  test("is revoked when it was signed before the moment, and not in its second", () => {
    const revocations = after(notBefore(NOW_S));
    for (const [issuedAt, revoked] of [
      [0, true],
      [NOW_S - 1, true],
      [NOW_S, false],
      [NOW_S + 1, false],
    ] as const)
      expect(isRevoked(revocations, { id: "a", issuedAt })).toBe(revoked);
  });
});

describe("a revocation", () => {
  test("that holds already changes nothing, not even the version", () => {
    const before = after(token("a"), notBefore(NOW_S));
    for (const again of [
      token("a"),
      token("a", LATER_S - 1),
      notBefore(NOW_S),
      notBefore(NOW_S - 1),
      notBefore(0),
    ])
      expect(revoke(before, again, NOW_MS + 5)).toBe(before);
  });

  test("has a version above the one before, also when the clock went back", () => {
    const first = after(token("a"));
    expect(first.version).toBe(NOW_MS);
    expect(revoke(first, token("b"), NOW_MS - 9_999)?.version).toBe(NOW_MS + 1);
    expect(revoke(first, notBefore(1), NOW_MS + 9)?.version).toBe(NOW_MS + 9);
  });

  test("of the same token with a later end keeps the later one, once", () => {
    expect(after(token("a"), token("b"), token("a", LATER_S + 1)).revoked).toEqual([
      { id: "b", expires_at: LATER_S },
      { id: "a", expires_at: LATER_S + 1 },
    ]);
  });

  test("is refused when there are too many, and room is made by those that have ended", () => {
    const full = after(
      ...Array.from({ length: REVOKED_MAX }, (_, at) =>
        token(`t${at}`, at === 7 ? NOW_S : LATER_S),
      ),
    );
    expect(full.revoked).toHaveLength(REVOKED_MAX);
    expect(revoke(full, token("more"), NOW_MS)).toBeNull();
    // One that is there already, and a moment, need no room.
    expect(revoke(full, token("t3"), NOW_MS)).toBe(full);
    expect(revoke(full, token("t3", LATER_S + 9), NOW_MS)?.revoked).toHaveLength(REVOKED_MAX);
    expect(revoke(full, notBefore(NOW_S), NOW_MS)?.not_before).toBe(NOW_S);
    // Five minutes after its end no clock takes that token for valid.
    expect(revoke(full, token("more"), NOW_MS + 299_999)).toBeNull();
    const roomy = revoke(full, token("more"), NOW_MS + 300_000);
    expect(roomy?.revoked).toHaveLength(REVOKED_MAX);
    expect(roomy?.revoked.some(({ id }) => id === "t7")).toBe(false);
  });
});

test("a cluster has its own and the deployment's, each id once and the later of two moments", () => {
  const own = after(token("a"), token("b", LATER_S + 5), notBefore(NOW_S - 10));
  const all = { ...after(token("b"), token("c"), notBefore(NOW_S - 5)), version: NOW_MS + 77 };
  const joined = together(own, all, NOW_MS);
  expect(joined).toEqual({
    version: NOW_MS + 77,
    not_before: NOW_S - 5,
    revoked: [
      { id: "a", expires_at: LATER_S },
      { id: "b", expires_at: LATER_S + 5 },
      { id: "c", expires_at: LATER_S },
    ],
  });
  expect(together(own, NOTHING_REVOKED, NOW_MS)).toEqual(own);
  expect(together(all, own, NOW_MS + 3_900_000).revoked.map(({ id }) => id)).toEqual(["b"]);
});
