/**
 * Nodes that join a cluster and leave it. The directory gives a node its id and keeps where it is; whether it votes is
 * decided in the log of the cluster, and never here. A node that leaves has its object wiped: that is stored first,
 * said to it then, and said again by the alarm until it has confirmed.
 */
import { VOTERS_MAX } from "../../src/raft/index.ts";
import { nodesOf, type ClusterEntry, type ControllerEntry } from "../cluster-entry.ts";
import type { Admission, ListedCluster, NodeWish, Unconfirmed } from "../listed-cluster.ts";
import type { JoinedNode, NodeRow } from "./node-rows.ts";
import { AGAIN_MS, arm, SLICE_CLUSTERS, tellNodes, type TellingPorts } from "./telling.ts";

export class Members {
  readonly #ports: TellingPorts;

  constructor(ports: TellingPorts) {
    this.#ports = ports;
  }

  /**
   * Gives a node a place in the cluster. A wish that was granted before is granted as it was: one that names a node id,
   * or a voter to be replaced, or neither and a place where one is still joining. Null without such a cluster.
   */
  admit(clusterId: string, wish: NodeWish): Admission | null {
    const cluster = formed(this.#ports.rows.get(clusterId));
    if (cluster === null) return null;
    const rows = this.#ports.rows.nodes.of(clusterId);
    const before = rows.find((row) => isGrant(row, wish));
    if (before !== undefined) return { outcome: "admitted", node: before.node, cluster };
    const ids = new Set([
      ...cluster.initial_voters.map((voter) => voter.node_id),
      ...rows.map(({ node }) => node.node_id),
    ]);
    const { node_id: wanted, replaces } = wish;
    if (replaces !== undefined && !ids.has(replaces)) return { outcome: "unknown" };
    if (wanted !== undefined && ids.has(wanted)) return { outcome: "taken" };
    // Voters, and nodes that are to become voters.
    if (nodesOf(cluster).length >= VOTERS_MAX) return { outcome: "full", max: VOTERS_MAX };
    const node = nodeFor(wish, cluster, Math.max(...ids) + 1);
    this.#ports.rows.nodes.write(clusterId, { node, state: "joining" });
    const after = formed(this.#ports.rows.get(clusterId)) ?? cluster;
    return { outcome: "admitted", node, cluster: after };
  }

  /** The node votes now, with this storage: a wish for another one at its place is a new one. */
  joined(clusterId: string, { node_id: nodeId, directory_id: directoryId }: ControllerEntry): void {
    const { rows } = this.#ports;
    const row = this.#row(clusterId, nodeId);
    const node = row?.node ?? founderOf(formed(rows.get(clusterId)), nodeId);
    if (node === undefined || row?.state === "leaving" || row?.state === "left") return;
    rows.nodes.write(clusterId, {
      node: { ...node, directory_id: directoryId },
      state: "present",
    });
  }

  /** The node has left: its object is wiped, now or later. Null when there is no such node. */
  async dismiss(clusterId: string, nodeId: number): Promise<readonly Unconfirmed[] | null> {
    const { rows, clock } = this.#ports;
    const cluster = formed(rows.get(clusterId));
    if (cluster === null) return null;
    const row = this.#row(clusterId, nodeId);
    if (row?.state === "left") return [];
    const node = row?.node ?? founderOf(cluster, nodeId);
    if (node === undefined) return null;
    rows.nodes.write(clusterId, { node, state: "leaving" }, clock() + AGAIN_MS);
    arm(this.#ports);
    return await this.#wipe(clusterId, nodeId);
  }

  /** Goes on with wiping, a few nodes at a time. */
  async resume(): Promise<void> {
    const { rows, clock } = this.#ports;
    for (const { clusterId, nodeId } of rows.nodes.dueBy(clock(), SLICE_CLUSTERS)) {
      const row = this.#row(clusterId, nodeId);
      if (row === undefined) continue;
      rows.nodes.write(clusterId, row, clock() + AGAIN_MS);
      // oxlint-disable-next-line no-await-in-loop -- one node after the other bounds what is under way
      await this.#wipe(clusterId, nodeId);
    }
    arm(this.#ports);
  }

  async #wipe(clusterId: string, nodeId: number): Promise<readonly Unconfirmed[]> {
    const { rows } = this.#ports;
    const listed = rows.get(clusterId);
    const row = this.#row(clusterId, nodeId);
    if (listed === null || row?.state !== "leaving") return [];
    const { cluster } = listed;
    const words = { route: "wipe", query: { created_ms: cluster.created_ms } } as const;
    const unconfirmed = await tellNodes(this.#ports, cluster, words, [nodeId]);
    if (unconfirmed.length === 0 && this.#row(clusterId, nodeId)?.state === "leaving")
      rows.nodes.write(clusterId, { ...row, state: "left" });
    return unconfirmed;
  }

  #row(clusterId: string, nodeId: number): NodeRow | undefined {
    return this.#ports.rows.nodes.of(clusterId).find(({ node }) => node.node_id === nodeId);
  }
}

const formed = (listed: ListedCluster | null): ClusterEntry | null =>
  listed === null || listed.state !== "formed" || listed.deletion !== undefined
    ? null
    : listed.cluster;

/** A node of the formation has no row until something becomes of it. */
const founderOf = (cluster: ClusterEntry | null, nodeId: number): ControllerEntry | undefined =>
  cluster?.initial_voters.find((voter) => voter.node_id === nodeId);

function isGrant({ node, state }: NodeRow, wish: NodeWish): boolean {
  if (state === "leaving" || state === "left") return false;
  if (wish.node_id !== undefined && wish.node_id !== node.node_id) return false;
  if (wish.replaces !== undefined || node.replaces !== undefined)
    return wish.replaces === node.replaces;
  return wish.node_id === node.node_id || (state === "joining" && isAtSamePlace(node, wish));
}

const isAtSamePlace = (node: JoinedNode, wish: NodeWish): boolean =>
  node.location_hint === wish.location_hint;

/** What the wish leaves open: the next id, the host of the others, and the port after theirs. */
function nodeFor(wish: NodeWish, cluster: ClusterEntry, nextId: number): JoinedNode {
  const nodes = [...cluster.initial_voters, ...(cluster.nodes ?? [])];
  const nextPort = Math.min(65_535, Math.max(...nodes.map(({ port }) => port)) + 1);
  const { node_id: nodeId = nextId, host = nodes[0]?.host ?? "localhost", port = nextPort } = wish;
  return {
    node_id: nodeId,
    host,
    port,
    ...(wish.location_hint === undefined ? {} : { location_hint: wish.location_hint }),
    ...(wish.replaces === undefined ? {} : { replaces: wish.replaces }),
  };
}
