/**
 * The clusters of this deployment, as their directory lists them. What a cluster's entry says never changes while
 * the cluster lives, so an isolate remembers entries for a short while, which spares the directory a call for each
 * request.
 */
import type { ClusterEntry, ListedCluster } from "../../durable-objects/cluster-entry.ts";
import type { Bindings, Directory } from "../env.ts";
import { Problem } from "../http/errors.ts";
import { Recent } from "../recent.ts";

/** How long another isolate may still find a cluster that was deleted; its controllers refuse at once. */
const REMEMBERED_MS = 10_000;
const REMEMBERED_MAX = 1_000;

const remembered = new Recent<{ readonly entry: ClusterEntry; readonly untilMs: number }>(
  REMEMBERED_MAX,
);

/** The directory itself: there is one object, under a fixed name. */
export const directoryOf = (env: Bindings): Directory => env.DIRECTORY.getByName("directory");

/** The cluster of that id; a `Problem` when there is none. */
export async function findCluster(env: Bindings, clusterId: string): Promise<ClusterEntry> {
  const known = remembered.get(clusterId);
  if (known !== undefined && known.untilMs > Date.now()) return known.entry;
  const listed = await findListed(env, clusterId);
  if (listed.state === "planned") {
    throw new Problem(
      "NO_ACTIVE_CONTROLLER",
      `cluster ${clusterId} is not formed; if its creation broke off, send that again, or delete it`,
    );
  }
  const entry = listed.cluster;
  remembered.set(clusterId, { entry, untilMs: Date.now() + REMEMBERED_MS });
  return entry;
}

/** The cluster of that id as the directory lists it now, formed or not; a `Problem` when there is none. */
export async function findListed(env: Bindings, clusterId: string): Promise<ListedCluster> {
  const listed = await directoryOf(env).get(clusterId);
  if (listed !== null) return listed;
  remembered.delete(clusterId);
  throw new Problem("UNKNOWN_CLUSTER", `no cluster has the id ${clusterId.slice(0, 100)}`);
}

export const forgetCluster = (clusterId: string): void => remembered.delete(clusterId);
