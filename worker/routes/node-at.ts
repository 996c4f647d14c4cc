/** The controller that a path names, also one that is yet to become a voter. */
import { nodesOf, type ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import { nodeIdsOf } from "../channel/controller-calls.ts";
import { unknownNode } from "../clusters/admission.ts";
import { lookIntoDirectory } from "../clusters/directory.ts";
import type { ScopedContext } from "../env.ts";
import { Problem } from "../http/errors.ts";

/** The cluster with the nodes that are yet to become voters. Without the directory, with those that vote. */
export async function withJoining({ env, var: { entry } }: ScopedContext): Promise<ClusterEntry> {
  try {
    const listed = await lookIntoDirectory(env, (directory) => directory.get(entry.cluster_id));
    if (listed === null || listed.state === "planned") return entry;
    const voters = nodesOf(entry);
    const known = new Set(voters.map((node) => node.node_id));
    const others = nodesOf(listed.cluster).filter((node) => !known.has(node.node_id));
    return others.length === 0 ? entry : { ...entry, nodes: [...voters, ...others] };
  } catch (error) {
    if (error instanceof Problem) return entry;
    throw error;
  }
}

/** The node that a path names, in the cluster as far as it had to be looked up for that. */
export async function nodeAt(
  context: ScopedContext,
  text: string,
): Promise<{ readonly entry: ClusterEntry; readonly nodeId: number }> {
  const find = (entry: ClusterEntry): number | undefined =>
    nodeIdsOf(entry).find((each) => String(each) === text);
  const { entry } = context.var;
  const nodeId = find(entry);
  if (nodeId !== undefined) return { entry, nodeId };
  const all = await withJoining(context);
  const joining = find(all);
  if (joining !== undefined) return { entry: all, nodeId: joining };
  throw unknownNode(all, text);
}
