/** Who asks with a revoked token: a cluster says so in its entry, and where none is at hand the directory does. */
import type { MiddlewareHandler } from "hono";
import { assertNotRevoked } from "../access/revocation.ts";
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import { findCluster } from "../clusters/known-clusters.ts";
import { revocationsIn } from "../clusters/revocations.ts";
import type { Authenticated, Bindings, Scope, ScopedContext } from "../env.ts";

/** The cluster of that id, for an asker whose token is not revoked there. `path` may name one of its controllers. */
export const findForAsker = (
  { env, var: { asker } }: ScopedContext,
  clusterId: string,
  path?: string,
): Promise<ClusterEntry> => entryFor(env, asker, clusterId, path);

/** The same for one who asked before, and whose token may have been revoked since. */
export async function entryFor(
  env: Bindings,
  asker: Authenticated,
  clusterId: string,
  path?: string,
): Promise<ClusterEntry> {
  const entry = await findCluster(env, clusterId, path);
  assertNotRevoked(asker, entry.access);
  return entry;
}

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
