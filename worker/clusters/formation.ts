/**
 * Forming a cluster: every controller prepares its storage and says the directory id that was born with it, the voter
 * set is fixed in the directory, every controller learns it, and the cluster exists once one of them leads and its
 * bootstrap records are committed. The nodes of a fork are given its first state before that (`fork.ts`). Every step
 * can be repeated, so a request that broke off is finished by sending it again. The fixed set is the guard: a storage
 * that is lost after it is missed, whenever that happens.
 */
import { stableImage } from "../../src/metadata/index.ts";
import {
  foundersOf,
  nodesOf,
  type ClusterEntry,
  type ClusterPlan,
} from "../../durable-objects/cluster-entry.ts";
import type { BootstrapUser } from "../../durable-objects/bootstrap-users.ts";
import type { ListedCluster } from "../../durable-objects/listed-cluster.ts";
import { STATUS, readRefusal, type FormRequest } from "../../durable-objects/contract.ts";
import { clusterKey, reachController } from "../channel/controller-calls.ts";
import { findReadIndex } from "../channel/read-index.ts";
import { activeOf, isQuorumAsleep, statusOfAll } from "../channel/statuses.ts";
import type { Bindings } from "../env.ts";
import { Problem } from "../http/errors.ts";
import { observe } from "../observer/metadata-read.ts";
import { changeDirectory } from "./directory.ts";
import { seedFork } from "./fork.ts";
import { prepare } from "./preparation.ts";
import { rememberActive } from "../channel/active.ts";

/** Several elections long: the first one may meet split votes while the objects are still starting. */
const FORMATION_MS = 20_000;
const PAUSE_MS = 20;

/**
 * Forms the cluster, or finds it formed; answers once a leader has committed the bootstrap records. A node that has
 * lost its storage is not formed again: the others go on without it, and the answer says so. `users` are those that were
 * listed with it.
 */
export async function formCluster(
  env: Bindings,
  listed: ListedCluster,
  users: readonly BootstrapUser[],
): Promise<ClusterEntry> {
  const entry = listed.state === "planned" ? await fixVoters(env, listed.cluster) : listed.cluster;
  if (entry.fork_of !== undefined && listed.state !== "formed")
    await seedFork(env, entry, entry.fork_of);
  const request: FormRequest = { cluster: entry, is_formed: listed.state === "formed", users };
  const body = JSON.stringify(request);
  await onEvery(entry, async (nodeId) => {
    const response = await reachController(env, entry, { nodeId, route: "form", body });
    if (response.ok) {
      await response.body?.cancel();
      return;
    }
    const message = `controller ${nodeId} was not formed: ${await readRefusal(response)}`;
    const isLost = response.status === STATUS.conflict;
    throw new Problem(isLost ? "STORAGE_LOST" : "CONTROLLER_UNREACHABLE", message);
  });
  // Who leads a cluster that is observed, and what is in it, is for others; a gateway may bring it later.
  if (entry.observed !== true) {
    const deadline = Date.now() + FORMATION_MS;
    await untilActive(env, entry, deadline);
    await untilBootstrapped(env, entry, deadline);
  }
  await changeDirectory(env, (directory) => directory.markFormed(entry.cluster_id));
  return entry;
}

/** Has every node draw the id of its storage, then fixes the voter set in the directory, once and for all. */
async function fixVoters(env: Bindings, plan: ClusterPlan): Promise<ClusterEntry> {
  const directoryIds: Record<string, string> = {};
  await onEvery(plan, async (nodeId) => {
    directoryIds[nodeId] = await prepare(env, plan, nodeId);
  });
  const entry = await changeDirectory(env, (directory) =>
    directory.fix(plan.cluster_id, directoryIds),
  );
  if (entry !== null) return entry;
  throw new Problem(
    "UNKNOWN_CLUSTER",
    `cluster ${plan.cluster_id} was deleted while it was formed`,
  );
}

/**
 * Does `step` for every node that is still there of those that begin the cluster, and only then fails, for the first
 * that failed: one lost node must not stop the rest.
 */
async function onEvery(
  cluster: ClusterPlan | ClusterEntry,
  step: (nodeId: number) => Promise<void>,
): Promise<void> {
  const present = new Set(nodesOf(cluster).map((node) => node.node_id));
  const founders = foundersOf(cluster).map((founder) => founder.node_id);
  const nodeIds = founders.filter((nodeId) => present.has(nodeId));
  const done = await Promise.allSettled(nodeIds.map(step));
  const failed = done.find((each) => each.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

/** Waits until one controller is active. */
async function untilActive(env: Bindings, entry: ClusterEntry, deadline: number): Promise<void> {
  for (;;) {
    const descriptions = await statusOfAll(env, entry);
    const active = activeOf(descriptions);
    if (active !== undefined) {
      rememberActive(clusterKey(entry), active.node_id);
      return;
    }
    if (Date.now() >= deadline) {
      throw new Problem(
        "NO_ACTIVE_CONTROLLER",
        `cluster ${entry.cluster_id} has no active controller after ${FORMATION_MS} ms; send the request again`,
      );
    }
    // Whoever sleeps tells his status in his sleep, and stands for no election: a question to the leader wakes all.
    if (isQuorumAsleep(descriptions)) await findReadIndex(env, entry, deadline - Date.now());
    await new Promise((settle) => setTimeout(settle, PAUSE_MS));
  }
}

/** Waits until a reader sees the first records of the cluster, which the first leader writes as one transaction. */
async function untilBootstrapped(
  env: Bindings,
  entry: ClusterEntry,
  deadline: number,
): Promise<void> {
  let observation = await observe(env, entry, {});
  while (stableImage(observation.image).features.metadataVersion === 0) {
    const minOffset = observation.position.offset + 1;
    observation = await observe(env, entry, {
      minOffset,
      waitMs: Math.max(0, deadline - Date.now()),
    });
  }
}
