/**
 * Tokens: `kedge.<key id>.<claims>.<mac>`, where the claims are base64url of JSON and the MAC is HMAC-SHA-256 (RFC
 * 2104) of all before its dot, as it was received. Whoever has the secret verifies one without asking anybody; nothing
 * of the claims is read before the MAC holds.
 */
import { assert } from "../std/assert.ts";
import { fromBase64url, toBase64url } from "./base64url.ts";
import { faultOfClaims, isExpired, readClaims, writeClaims, type Claims } from "./claims.ts";
import type { SigningKey } from "./signing-key.ts";

/** Above the longest one that is signed here. */
export const TOKEN_CHARACTERS_MAX = 3_072;

const FORM = /^(kedge\.([0-9a-f]{8})\.([A-Za-z0-9_-]{1,2900}))\.([A-Za-z0-9_-]{43})$/;

/** Why a token is none, in the order in which it is found out. */
export type TokenFault = "malformed" | "unknown-key" | "forged" | "expired";

/** Signs claims that `faultOfClaims` finds nothing wrong with. */
export async function signToken(key: SigningKey, claims: Claims): Promise<string> {
  const fault = faultOfClaims(claims);
  assert(fault === null, `claims that nobody would believe: ${fault ?? ""}`);
  const encoded = toBase64url(new TextEncoder().encode(writeClaims(claims)));
  const signed = `kedge.${key.id}.${encoded}`;
  const mac = await crypto.subtle.sign("HMAC", key.hmac, new TextEncoder().encode(signed));
  return `${signed}.${toBase64url(new Uint8Array(mac))}`;
}

/** What `text` says of its bearer at `nowMs`, or why it says nothing. The MAC is compared in constant time. */
export async function verifyToken(
  keys: readonly SigningKey[],
  text: string,
  nowMs: number,
): Promise<Claims | TokenFault> {
  if (text.length > TOKEN_CHARACTERS_MAX) return "malformed";
  const [, signed = "", keyId, encoded = "", mac = ""] = FORM.exec(text) ?? [];
  const macBytes = fromBase64url(mac);
  const claimBytes = fromBase64url(encoded);
  if (macBytes === null || claimBytes === null || claimBytes.length === 0) return "malformed";
  const key = keys.find(({ id }) => id === keyId);
  if (key === undefined) return "unknown-key";
  const isSigned = await crypto.subtle.verify(
    "HMAC",
    key.hmac,
    macBytes,
    new TextEncoder().encode(signed),
  );
  if (!isSigned) return "forged";
  const claims = readClaims(new TextDecoder().decode(claimBytes));
  if (claims === null) return "malformed";
  return isExpired(claims, nowMs) ? "expired" : claims;
}

/** What `text` says of its bearer, without a secret and so without proof: for whoever holds it, not for a door. */
export function statedClaims(text: string): Claims | null {
  if (text.length > TOKEN_CHARACTERS_MAX) return null;
  const [, , , encoded = ""] = FORM.exec(text) ?? [];
  const bytes = fromBase64url(encoded);
  return bytes === null || bytes.length === 0 ? null : readClaims(new TextDecoder().decode(bytes));
}
