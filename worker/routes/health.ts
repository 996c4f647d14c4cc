/**
 * `/health/live` and `/health/ready`. Live: the Worker runs. Ready: every cluster (or the one of `?cluster_id=`)
 * has a controller that leads with a known high watermark, so its quorum can commit now. No memory is consulted:
 * the controllers are asked each time.
 */
import { Hono } from "hono";
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import { assertClusterMay, isFor } from "../access/authenticate.ts";
import { activeOf, statusOfAll } from "../channel/statuses.ts";
import { directoryOf, findCluster } from "../clusters/directory.ts";
import type { Scope, ScopedContext } from "../env.ts";

interface Readiness {
  readonly cluster_id: string;
  readonly ready: boolean;
  /** The active controller's id, or null. */
  readonly leader_id: number | null;
  readonly reason: string | null;
}

/** Asking more clusters than this in one request would meet the platform's bound on subrequests. */
const ASKED_MAX = 100;

export const health = new Hono<Scope>();

health.get("/live", (context) => context.json({ live: true }));

health.get("/ready", async (context) => {
  const entries = await askedFor(context);
  const clusters = await Promise.all(entries.map((entry) => readinessOf(context, entry)));
  const ready = clusters.every((cluster) => cluster.ready);
  return context.json({ ready, clusters }, ready ? 200 : 503);
});

async function askedFor(context: ScopedContext): Promise<readonly ClusterEntry[]> {
  const clusterId = context.req.query("cluster_id");
  const { asker } = context.var;
  if (clusterId !== undefined) {
    assertClusterMay(asker, clusterId);
    return [await findCluster(context.env, clusterId)];
  }
  const entries = await directoryOf(context.env).list();
  return entries.filter(({ cluster_id: id }) => isFor(asker, id)).slice(0, ASKED_MAX);
}

async function readinessOf(context: ScopedContext, entry: ClusterEntry): Promise<Readiness> {
  const statuses = await statusOfAll(context.env, entry);
  const active = activeOf(statuses);
  const seen = statuses.map(({ nodeId, status }) =>
    typeof status === "string"
      ? `${nodeId}: ${status.slice(0, 200)}`
      : `${nodeId} is ${status.role}${"epoch" in status ? ` in epoch ${status.epoch}` : ""}`,
  );
  return {
    cluster_id: entry.cluster_id,
    ready: active !== undefined,
    leader_id: active?.node_id ?? null,
    reason: active === undefined ? `no controller can commit: ${seen.join("; ")}` : null,
  };
}
