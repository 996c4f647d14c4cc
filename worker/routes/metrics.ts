/**
 * `/metrics`, of one cluster or of all that the token is for: what Prometheus scrapes. A scrape is one small call to
 * each controller and a read of the image; what does not answer is absent, and `kedge_controller_up` is 0.
 */
import { Hono } from "hono";
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import { stableImage } from "../../src/metadata/index.ts";
import { isFor } from "../access/authenticate.ts";
import { CallPlaces } from "../channel/call-places.ts";
import { metricsOfAll } from "../channel/node-metrics.ts";
import { CALLS_MAX } from "../channel/statuses.ts";
import { listFromDirectory } from "../clusters/directory.ts";
import type { Scope, ScopedContext } from "../env.ts";
import { Exposition, EXPOSITION_TYPE } from "../http/exposition.ts";
import { Problem } from "../http/errors.ts";
import { exposeImage, exposeNode } from "../observer/kafka-metrics.ts";
import { observe } from "../observer/metadata-read.ts";
import { assertNotRevokedIn } from "./revoked.ts";

/** Of one request; beyond it, a cluster's own path is the way. */
const CLUSTERS_MAX = 50;

/** Of a cluster, below its path. */
export const clusterMetrics = new Hono<Scope>();

clusterMetrics.get("/", (context) => answered(context, [context.var.entry]));

/** Of all clusters. */
export const metrics = new Hono<Scope>();

metrics.get("/", async (context) => {
  const { asker } = context.var;
  await assertNotRevokedIn(context, asker.claims?.cluster);
  const entries = await listFromDirectory(context.env, (directory) => directory.list());
  return await answered(
    context,
    entries.filter(({ cluster_id: id }) => isFor(asker, id)),
  );
});

async function answered(
  context: ScopedContext,
  entries: readonly ClusterEntry[],
): Promise<Response> {
  if (entries.length > CLUSTERS_MAX)
    throw new Problem(
      "LIST_TOO_LONG",
      `${entries.length} clusters are more than the ${CLUSTERS_MAX} of one scrape: scrape each at its own path`,
    );
  const to = new Exposition();
  const places = new CallPlaces(CALLS_MAX);
  for (const entry of entries) await expose(context, entry, { to, places });
  return context.body(to.text, 200, { "Content-Type": EXPOSITION_TYPE });
}

async function expose(
  { env }: ScopedContext,
  entry: ClusterEntry,
  { to, places }: { readonly to: Exposition; readonly places: CallPlaces },
): Promise<void> {
  const cluster = { cluster_id: entry.cluster_id };
  const nodes = await metricsOfAll(env, entry, places);
  for (const { nodeId, metrics: said } of nodes)
    exposeNode(to, { ...cluster, node_id: nodeId }, said);
  // Where nobody takes part there is nobody to read from, and a read would look for one for a while.
  if (nodes.every(({ metrics: said }) => typeof said === "string" || said.measures === null))
    return;
  try {
    const { image } = await observe(env, entry, {});
    await exposeImage(to, cluster, stableImage(image));
  } catch (error) {
    // The controllers' own series say what is wrong.
    if (!(error instanceof Problem)) throw error;
  }
}
