/**
 * Which nodes a cluster has besides those that formed it, and which of all these have left. The log says who votes;
 * here is who belongs to the cluster: whose objects are told of its deletion, and wiped when they go.
 */
import type { ClusterEntry, NodeEntry } from "../cluster-entry.ts";

export const NODE_TABLES: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS nodes (
    cluster_id TEXT NOT NULL, node_id INTEGER NOT NULL, node TEXT NOT NULL, state TEXT NOT NULL, due_ms INTEGER,
    PRIMARY KEY (cluster_id, node_id)
  ) STRICT, WITHOUT ROWID`,
  "CREATE INDEX IF NOT EXISTS nodes_by_due ON nodes (due_ms) WHERE due_ms IS NOT NULL",
];

/**
 * `joining` until it was seen to vote, `present` from then on; `leaving` until its object is wiped, then `left`. Rows
 * of those that have left stay: their ids are not given again.
 */
export type NodeState = "joining" | "present" | "leaving" | "left";

export interface NodeRow {
  readonly node: JoinedNode;
  readonly state: NodeState;
}

/** A node that an operator has added, or whose storage is another than the cluster was formed with. */
export interface JoinedNode extends NodeEntry {
  /** Which voter it is to take the place of. */
  readonly replaces?: number;
}

/** A node whose object is to be wiped, and what identifies its cluster there. */
export interface Leaving {
  readonly clusterId: string;
  readonly nodeId: number;
}

export class NodeRows {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    for (const statement of NODE_TABLES) sql.exec(statement);
  }

  of(clusterId: string): readonly NodeRow[] {
    return this.#sql
      .exec<{ node: string; state: NodeState }>(
        "SELECT node, state FROM nodes WHERE cluster_id = ? ORDER BY node_id",
        clusterId,
      )
      .toArray()
      .map(({ node, state }) => {
        const parsed: JoinedNode = JSON.parse(node);
        return { node: parsed, state };
      });
  }

  /** The cluster with the nodes that it has now. */
  shown(cluster: ClusterEntry): ClusterEntry {
    const rows = this.of(cluster.cluster_id);
    if (rows.length === 0) return cluster;
    const changed = new Set(rows.map(({ node }) => node.node_id));
    const nodes: readonly NodeEntry[] = [
      ...cluster.initial_voters.filter((voter) => !changed.has(voter.node_id)),
      ...rows.filter((row) => !isGone(row)).map(({ node }) => placeOf(node)),
    ];
    return { ...cluster, nodes: nodes.toSorted((one, other) => one.node_id - other.node_id) };
  }

  write(clusterId: string, { node, state }: NodeRow, dueMs: number | null = null): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO nodes (cluster_id, node_id, node, state, due_ms) VALUES (?, ?, ?, ?, ?)",
      clusterId,
      node.node_id,
      JSON.stringify(node),
      state,
      dueMs,
    );
  }

  /** The nodes whose objects are to be wiped by then, at most `max`, the longest due first. */
  dueBy(nowMs: number, max: number): readonly Leaving[] {
    return this.#sql
      .exec<{ cluster_id: string; node_id: number }>(
        "SELECT cluster_id, node_id FROM nodes WHERE due_ms <= ? ORDER BY due_ms LIMIT ?",
        nowMs,
        max,
      )
      .toArray()
      .map((row) => ({ clusterId: row.cluster_id, nodeId: row.node_id }));
  }

  /** When the next of them is due, in ms; null without any. */
  nextDueMs(): number | null {
    const query = "SELECT min(due_ms) AS due FROM nodes";
    return this.#sql.exec<{ due: number | null }>(query).one().due;
  }

  /** The cluster is gone, with all its nodes. */
  remove(clusterId: string): void {
    this.#sql.exec("DELETE FROM nodes WHERE cluster_id = ?", clusterId);
  }
}

/** What is said of a node, without what it was wished for. */
function placeOf(joined: JoinedNode): NodeEntry {
  const { replaces, ...node } = joined;
  return replaces === undefined ? joined : node;
}

const isGone = ({ state }: NodeRow): boolean => state === "leaving" || state === "left";
