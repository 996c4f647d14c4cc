/** Who asks with a revoked token, where no cluster's entry is at hand that would say so. */
import type { MiddlewareHandler } from "hono";
import { assertNotRevoked } from "../access/revocation.ts";
import { revocationsIn } from "../clusters/revocations.ts";
import type { Scope, ScopedContext } from "../env.ts";

/** For a route without a cluster: what counts is the token's own, or the deployment. */
export const refuseRevoked: MiddlewareHandler<Scope> = async (context, next) => {
  await assertNotRevokedIn(context, context.var.asker.claims?.cluster);
  await next();
};

/** Throws a `Problem` when the directory says that the asker's token is revoked there, in a cluster or with `*`. */
export async function assertNotRevokedIn(
  { env, var: { asker } }: ScopedContext,
  scope: string | undefined,
): Promise<void> {
  if (asker.claims === null || scope === undefined) return;
  assertNotRevoked(asker, await revocationsIn(env, scope));
}
