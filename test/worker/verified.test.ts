/** A token that was verified before is judged by all that can have changed since. */
import { describe, expect, test } from "vitest";
import { signingKey, signToken, type Claims } from "../../src/access/index.ts";
import { verifyOnce } from "../../worker/access/verified.ts";

const SECRET = "a secret of thirty-two characters";
const key = await signingKey(SECRET);
const otherKey = await signingKey(`${SECRET}, and another`);

const NOW_MS = 1_800_000_000_000;
const CLAIMS: Claims = {
  version: 1,
  id: "AAAAAAAAAAAAAAAAAAAAAA",
  role: "viewer",
  cluster: "4L6g3nShT-eMCtK--X86sw",
  brokerIds: [],
  principal: "somebody",
  issuedAt: NOW_MS / 1000,
  expiresAt: NOW_MS / 1000 + 60,
};

describe("a token that was verified before", () => {
  test("says the same, until the moment at which it expires", async () => {
    const token = await signToken(key, CLAIMS);
    for (const at of [0, 1, 59_999])
      expect(await verifyOnce([key], token, NOW_MS + at)).toEqual(CLAIMS);
    expect(await verifyOnce([key], token, NOW_MS + 60_000)).toBe("expired");
    // A clock that was wrong takes nothing from it.
    expect(await verifyOnce([key], token, NOW_MS)).toEqual(CLAIMS);
  });

  test("is believed no longer than its key", async () => {
    const token = await signToken(key, { ...CLAIMS, id: "BBBBBBBBBBBBBBBBBBBBBA" });
    expect(await verifyOnce([otherKey, key], token, NOW_MS)).toMatchObject({ role: "viewer" });
    expect(await verifyOnce([otherKey], token, NOW_MS)).toBe("unknown-key");
    expect(await verifyOnce([], token, NOW_MS)).toBe("unknown-key");
    expect(await verifyOnce([key], token, NOW_MS)).toMatchObject({ role: "viewer" });
  });

  test("vouches for no other", async () => {
    const token = await signToken(key, CLAIMS);
    await verifyOnce([key], token, NOW_MS);
    const [head, id, claims, mac = ""] = token.split(".");
    const other = mac.startsWith("A") ? `B${mac.slice(1)}` : `A${mac.slice(1)}`;
    for (const text of [
      [head, id, claims, other].join("."),
      token.toUpperCase(),
      token.slice(0, -1),
    ])
      expect(await verifyOnce([key], text, NOW_MS)).toBeTypeOf("string");
  });
});
