/** The refusal of a token that holds no more before its time, by what a cluster or the directory says of it. */
import { isRevoked, NOTHING_REVOKED, type Revocations } from "../../src/access/index.ts";
import type { Authenticated } from "../env.ts";
import { Problem } from "../http/errors.ts";

/** Throws a `Problem` when the asker's token is among the revoked ones. */
export function assertNotRevoked(
  { claims }: Authenticated,
  revocations: Revocations = NOTHING_REVOKED,
): void {
  if (claims !== null && isRevoked(revocations, claims))
    throw new Problem("UNAUTHENTICATED", "the token was revoked");
}
