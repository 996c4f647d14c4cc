/**
 * Which node it is that is to join a cluster: one that the directory gives its id and place, or one that the cluster
 * has and that votes no more.
 */
import {
  nodesOf,
  type ClusterEntry,
  type PlannedController,
} from "../../durable-objects/cluster-entry.ts";
import type { NodeWish } from "../../durable-objects/listed-cluster.ts";
import { nodeIdsOf } from "../channel/controller-calls.ts";
import type { Bindings } from "../env.ts";
import { Problem } from "../http/errors.ts";
import { changeDirectory, lookIntoDirectory, unknownCluster } from "./directory.ts";

/** A node that has its place in a cluster, and the cluster with it. */
export interface Admitted {
  readonly node: PlannedController;
  readonly cluster: ClusterEntry;
}

/** The cluster with all its nodes, those too that do not vote, if the node is one of them. */
export async function clusterWith(
  env: Bindings,
  entry: ClusterEntry,
  nodeId: number,
): Promise<ClusterEntry | null> {
  const listed = await lookIntoDirectory(env, (directory) => directory.get(entry.cluster_id));
  if (listed === null || listed.state === "planned") return null;
  const isPresent = nodesOf(listed.cluster).some((present) => present.node_id === nodeId);
  return isPresent ? listed.cluster : null;
}

/** A node that formed the cluster and was removed from the log alone, as Kafka's tool does it; null when it is none. */
export async function removedFounder(
  env: Bindings,
  entry: ClusterEntry,
  nodeId: number | undefined,
): Promise<Admitted | null> {
  const cluster = nodeId === undefined ? null : await clusterWith(env, entry, nodeId);
  const node = cluster?.initial_voters.find((founder) => founder.node_id === nodeId);
  return cluster === null || node === undefined ? null : { node, cluster };
}

/** Gives the node that is wished for its place. A `Problem` when there is none for it. */
export async function admitted(
  env: Bindings,
  entry: ClusterEntry,
  wish: NodeWish,
): Promise<Admitted> {
  const admission = await changeDirectory(env, (directory) =>
    directory.admit(entry.cluster_id, wish),
  );
  switch (admission?.outcome) {
    case undefined:
      throw unknownCluster(entry.cluster_id);
    case "unknown":
      throw unknownNode(entry, wish.replaces ?? -1);
    case "taken":
      throw new Problem(
        "NODE_ID_TAKEN",
        `${wish.node_id} is, or was, the id of another node of this cluster; ids are given once`,
      );
    case "full":
      throw new Problem(
        "VOTERS_UNCHANGED",
        `the cluster has ${admission.max} nodes; remove one that is not needed first`,
      );
    case "admitted":
      return admission;
  }
}

/** The refusal of a node that the cluster does not have, as a path names it. */
export const unknownNode = (entry: ClusterEntry, nodeId: number | string): Problem =>
  new Problem(
    "UNKNOWN_CONTROLLER",
    `cluster ${entry.cluster_id} has no controller ${String(nodeId).slice(0, 20)}; it has ${nodeIdsOf(entry).join(", ")}`,
  );
