/**
 * `/metrics`, of one cluster or of all that the token is for: what Prometheus scrapes. A scrape is one small call to
 * each controller and a read of the image; what does not answer is absent, and `kedge_controller_up` is 0.
 */
import { Hono } from "hono";
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import { stableImage } from "../../src/metadata/index.ts";
import { isFor } from "../access/authenticate.ts";
import { CallPlaces } from "../channel/call-places.ts";
import { metricsOfAll, type NodeAnswer } from "../channel/node-metrics.ts";
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
/** Images that are read at a time: of several clusters that answer late, none holds up the others. */
const READS_MAX = 4;

/** Of a cluster, below its path. */
export const clusterMetrics = new Hono<Scope>();

clusterMetrics.get("/", async (context) => {
  const { entry } = context.var;
  return await answered(context, [{ entry, nodes: await metricsOfAll(context.env, entry) }]);
});

/** Of all clusters. */
export const metrics = new Hono<Scope>();

metrics.get("/", async (context) => {
  const { env } = context;
  const { asker } = context.var;
  await assertNotRevokedIn(context, asker.claims?.cluster);
  const listed = await listFromDirectory(env, (directory) => directory.list());
  const entries = listed.filter(({ cluster_id: id }) => isFor(asker, id));
  if (entries.length > CLUSTERS_MAX)
    throw new Problem(
      "LIST_TOO_LONG",
      `${entries.length} clusters are more than the ${CLUSTERS_MAX} of one scrape: scrape each at its own path`,
    );
  const places = new CallPlaces(CALLS_MAX);
  const measured = entries.map(async (entry) => ({
    entry,
    nodes: await metricsOfAll(env, entry, places).catch(noneOfDeleted),
  }));
  return await answered(context, await Promise.all(measured));
});

/** A cluster that was deleted since it was listed has nothing to tell, and keeps no other from telling. */
function noneOfDeleted(error: unknown): readonly NodeAnswer[] {
  if (error instanceof Problem) return [];
  throw error;
}

interface Measured {
  readonly entry: ClusterEntry;
  readonly nodes: readonly NodeAnswer[];
}

async function answered(context: ScopedContext, clusters: readonly Measured[]): Promise<Response> {
  const to = new Exposition();
  const reads = new CallPlaces(READS_MAX);
  await Promise.all(clusters.map((each) => reads.run(() => expose(context, each, to))));
  return context.body(to.text, 200, { "Content-Type": EXPOSITION_TYPE });
}

async function expose(
  { env, req }: ScopedContext,
  { entry, nodes }: Measured,
  to: Exposition,
): Promise<void> {
  const cluster = { cluster_id: entry.cluster_id };
  for (const { nodeId, metrics: said } of nodes)
    exposeNode(to, { ...cluster, node_id: nodeId }, said);
  // Where nobody takes part there is nobody to read from, and a read would look for one for a while.
  if (nodes.every(({ metrics: said }) => typeof said === "string" || said.measures === null))
    return;
  try {
    const { image } = await observe(env, entry, {}, req.raw.signal);
    await exposeImage(to, cluster, stableImage(image));
  } catch (error) {
    // The controllers' own series say what is wrong.
    if (!(error instanceof Problem)) throw error;
  }
}
