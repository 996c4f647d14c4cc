/**
 * Deleting a cluster, in two steps: `DELETE` takes it out for a day, in which `:undelete` brings it back; `DELETE` with
 * the id said twice wipes it. The directory does the work, and goes on with what breaks off.
 */
import { Hono } from "hono";
import type { Told, Unconfirmed } from "../../durable-objects/listed-cluster.ts";
import { forgetActive } from "../channel/active.ts";
import { clusterDeleted, clusterKey } from "../channel/controller-calls.ts";
import {
  changeDirectory,
  lookIntoDirectory,
  requireListed,
  unknownCluster,
} from "../clusters/directory.ts";
import { forgetCluster } from "../clusters/known-clusters.ts";
import { isUuidText } from "../../durable-objects/random-uuid.ts";
import type { Directory, Scope, ScopedContext } from "../env.ts";
import { Problem } from "../http/errors.ts";
import { invalid } from "../http/fields.ts";
import { clusterData, deletionData } from "./cluster-data.ts";
import { assertNotRevokedIn } from "./revoked.ts";

export const clusterDeletions = new Hono<Scope>();

clusterDeletions.delete("/:cluster_id", async (context) => {
  const clusterId = context.req.param("cluster_id");
  const confirmation = context.req.query("purge");
  if (confirmation !== undefined) return await purge(context, clusterId, confirmation);
  const { listed, unconfirmed } = await decide(context, clusterId, (directory) =>
    directory.delete(clusterId),
  );
  const { deletion } = listed;
  // It is gone by now, or being wiped: then this changes nothing.
  if (deletion === undefined) throw unknownCluster(clusterId);
  if (deletion.undelete_until_ms <= Date.now())
    throw clusterDeleted(clusterId, deletion.undelete_until_ms);
  return context.json({ cluster_id: clusterId, ...deletionData(deletion), unconfirmed });
});

async function purge(
  context: ScopedContext,
  clusterId: string,
  confirmation: string,
): Promise<Response> {
  if (confirmation !== clusterId) throw invalid("purge", "the id of the cluster, said again");
  const { unconfirmed } = await decide(context, clusterId, (directory) =>
    directory.purge(clusterId),
  );
  if (unconfirmed.length === 0) return context.body(null, 204);
  throw new Problem(
    "CONTROLLER_UNREACHABLE",
    `cluster ${clusterId} is being wiped, and goes on being; ${sentenceOf(unconfirmed)}`,
    { details: { unconfirmed } },
  );
}

const sentenceOf = (unconfirmed: readonly Unconfirmed[]): string =>
  unconfirmed
    .map(({ node_id: nodeId, reason }) => `controller ${nodeId} did not confirm: ${reason}`)
    .join("; ");

clusterDeletions.post("/:action{[A-Za-z0-9_-]+:[a-z]+}", async (context) => {
  const [clusterId = "", action] = context.req.param("action").split(":");
  if (action !== "undelete")
    throw new Problem("UNKNOWN_PATH", `a cluster can do ":undelete", not ":${action}"`);
  const { listed, unconfirmed } = await decide(context, clusterId, (directory) =>
    directory.undelete(clusterId),
  );
  return context.json({ ...clusterData(context, listed.cluster), unconfirmed });
});

/** Has the directory decide about a cluster, and forgets what this isolate knows of it. */
async function decide(
  context: ScopedContext,
  clusterId: string,
  decision: (directory: Directory) => Promise<Told | null>,
): Promise<Told> {
  if (!isUuidText(clusterId)) throw unknownCluster(clusterId);
  await assertNotRevokedIn(context, clusterId);
  const { env } = context;
  const told = await changeDirectory(env, decision).finally(() => forgetCluster(clusterId));
  if (told === null) {
    const listed = await lookIntoDirectory(env, (directory) => directory.get(clusterId));
    requireListed(clusterId, listed);
    throw unknownCluster(clusterId);
  }
  forgetActive(clusterKey(told.listed.cluster));
  return told;
}
