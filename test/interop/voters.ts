/** Voters that come and go, as an operator has it over HTTP, and as the log and the gateway then have them. */
import { posted } from "../../client/cluster-client.ts";
import { nameController, type Cluster } from "./cluster.ts";
import { until } from "../../local/until.ts";

/** A change waits for the one before it, and a new node for its log. */
const CHANGE_MS = 90_000;
/** The gateway asks every ten seconds, and the edge may take some. */
const REACHED_MS = 40_000;

/** A voter, as the leader knows it. */
export interface Voter {
  readonly nodeId: number;
  readonly directoryId: string;
}

interface ReplicaData {
  readonly replica_id: number;
  readonly directory_id: string;
}

/** Who votes by the leader's own account, and who only observes. */
export async function replicasOf({ quorum }: Cluster): Promise<{
  readonly leaderId: number;
  readonly voters: readonly Voter[];
  readonly observers: readonly Voter[];
}> {
  const { body } = await quorum.cluster.get<{
    readonly leader_id: number;
    readonly voters: readonly ReplicaData[];
    readonly observers: readonly ReplicaData[];
  }>("quorum");
  const named = ({ replica_id: nodeId, directory_id: directoryId }: ReplicaData): Voter => ({
    nodeId,
    directoryId,
  });
  return {
    leaderId: body.leader_id,
    voters: body.voters.map(named),
    observers: body.observers.map(named),
  };
}

export const voterIds = async (cluster: Cluster): Promise<readonly number[]> =>
  (await replicasOf(cluster)).voters.map(({ nodeId }) => nodeId);

/** Has another node join, and waits until it votes; its id. */
export async function addVoter(cluster: Cluster): Promise<number> {
  return await joined(cluster, "controllers");
}

/** Has another node take the place of a voter; its id. */
export async function replaceVoter(cluster: Cluster, nodeId: number): Promise<number> {
  return await joined(cluster, `controllers/${nodeId}:replace`);
}

/** Removes a voter, or a node that observes, and has it wiped. */
export async function removeNode(cluster: Cluster, nodeId: number): Promise<void> {
  await changed(cluster, { method: "DELETE", path: `controllers/${nodeId}` });
}

async function joined(cluster: Cluster, path: string): Promise<number> {
  const port = cluster.quorum.nextPort();
  const { node_id: nodeId } = await changed(cluster, {
    method: "POST",
    path,
    body: { host: "127.0.0.1", port },
  });
  nameController(cluster.transcript, nodeId, port);
  return nodeId;
}

interface Change {
  readonly method: "POST" | "DELETE";
  readonly path: string;
  readonly body?: { readonly host: string; readonly port: number };
}

/** Sends the request, again and again while the answer is that it goes on. */
async function changed(
  { quorum }: Cluster,
  { method, path, body }: Change,
): Promise<{ readonly node_id: number }> {
  const url = `/kafka/v3/clusters/${quorum.formed.cluster_id}/${path}`;
  const init = { ...posted(body ?? {}), method };
  return await until(`${method} ${path}`, { withinMs: CHANGE_MS, everyMs: 500 }, async () => {
    const response = await quorum.edge.fetch(url, init);
    const text = await response.text();
    if (response.status !== 200 && response.status !== 201)
      throw new Error(`${response.status} ${text}`);
    const done: { readonly node_id: number } = JSON.parse(text);
    return done;
  });
}

/** Waits until the gateway has a port for each of these, and for no other. */
export async function untilReached(cluster: Cluster, nodeIds: readonly number[]): Promise<void> {
  const { quorum } = cluster;
  const evidence = (): string => quorum.bootstrapControllers;
  await until(`ports for ${String(nodeIds)}`, { withinMs: REACHED_MS, evidence }, async () => {
    const { body } = await quorum.cluster.get<{
      readonly data: readonly { readonly node_id: number; readonly port: number }[];
    }>("controllers");
    const ports = body.data
      .filter(({ node_id: nodeId }) => nodeIds.includes(nodeId))
      .map(({ port }) => `127.0.0.1:${port}`);
    const open = quorum.bootstrapControllers.split(",");
    return open.toSorted().join() === ports.toSorted().join() ? true : undefined;
  });
}
