/**
 * Tokens that an isolate has verified: to check a MAC again with each request costs more than to answer some of them.
 * That a token has expired, was revoked, or was signed with a key that is believed no more is found out every time.
 */
import {
  isExpired,
  verifyToken,
  type Claims,
  type SigningKey,
  type TokenFault,
} from "../../src/access/index.ts";
import { Recent } from "../recent.ts";

interface Verified {
  readonly claims: Claims;
  /** One of those that were believed then signed it. */
  readonly keys: readonly SigningKey[];
}

/** A token has 3 KiB at most. */
const verified = new Recent<Verified>(512);

/** As `verifyToken`. */
export async function verifyOnce(
  keys: readonly SigningKey[],
  text: string,
  nowMs: number,
): Promise<Claims | TokenFault> {
  const known = verified.get(text);
  if (known !== undefined && known.keys.every((key) => keys.includes(key)))
    return isExpired(known.claims, nowMs) ? "expired" : known.claims;
  const claims = await verifyToken(keys, text, nowMs);
  if (typeof claims !== "string") verified.set(text, { claims, keys });
  return claims;
}
