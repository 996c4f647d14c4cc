/**
 * The tables of the directory: the clusters, who owns which, and the deletions that are not over. The last two came
 * later and stand beside the first, which is as the first builds made it.
 */
import type { Deletion } from "../cluster-deletion.ts";
import { NodeRows } from "./node-rows.ts";
import { RevocationRows } from "./revocation-rows.ts";
import { SettingRows } from "./setting-rows.ts";
import { UserRows } from "./user-rows.ts";
import { parseFormation, type Formation, type ListedCluster } from "../listed-cluster.ts";

const TABLES: readonly string[] = [
  "CREATE TABLE IF NOT EXISTS clusters (cluster_id TEXT PRIMARY KEY, entry TEXT NOT NULL) STRICT, WITHOUT ROWID",
  "CREATE TABLE IF NOT EXISTS owners (cluster_id TEXT PRIMARY KEY, owner TEXT NOT NULL) STRICT, WITHOUT ROWID",
  "CREATE INDEX IF NOT EXISTS clusters_by_owner ON owners (owner)",
  `CREATE TABLE IF NOT EXISTS deletions (
    cluster_id TEXT PRIMARY KEY, deletion TEXT NOT NULL, step TEXT NOT NULL, due_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`,
  "CREATE INDEX IF NOT EXISTS deletions_by_due ON deletions (due_ms)",
];

/**
 * How far a deletion has come. `deleting`, `undeleting` and `wiping` are said to the nodes until each has confirmed;
 * `deleted` waits for its time. While it is undone, the cluster counts as one that is not deleted.
 */
export type DeletionStep = "deleting" | "deleted" | "undeleting" | "wiping";

export interface DeletionRow {
  readonly deletion: Deletion;
  readonly step: DeletionStep;
  /** When there is something to do, in ms. */
  readonly dueMs: number;
}

interface JoinedRow extends Record<string, SqlStorageValue> {
  readonly entry: string;
  readonly deletion: string | null;
}

/** Of a deletion that is undone nothing is shown. */
const JOINED = `SELECT entry, deletion FROM clusters
  LEFT JOIN deletions ON deletions.cluster_id = clusters.cluster_id AND step <> 'undeleting'`;

export class ClusterRows {
  /** What is revoked, in tables of its own, which goes with its cluster. */
  readonly revocations: RevocationRows;
  /** The nodes that have come and gone since it was formed, likewise. */
  readonly nodes: NodeRows;
  /** What was changed of its settings, likewise. */
  readonly settings: SettingRows;
  /** Which SCRAM users it begins with, likewise. */
  readonly users: UserRows;
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    for (const statement of TABLES) sql.exec(statement);
    this.revocations = new RevocationRows(sql);
    this.nodes = new NodeRows(sql);
    this.settings = new SettingRows(sql);
    this.users = new UserRows(sql);
  }

  /** All of them, by id: the deleted ones, or the others. */
  list(kind: "live" | "deleted"): readonly ListedCluster[] {
    const rows = this.#sql.exec<JoinedRow>(
      `${JOINED} WHERE deletion IS ${kind === "live" ? "" : "NOT "}NULL ORDER BY clusters.cluster_id`,
    );
    return rows.toArray().map((row) => this.#listedIn(row));
  }

  get(clusterId: string): ListedCluster | null {
    const [row] = this.#sql
      .exec<JoinedRow>(`${JOINED} WHERE clusters.cluster_id = ?`, clusterId)
      .toArray();
    return row === undefined ? null : this.#listedIn(row);
  }

  /** How many there are, with those that are deleted and not wiped yet. */
  count(): number {
    return this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM clusters").one().n;
  }

  countOf(owner: string): number {
    const query = "SELECT count(*) AS n FROM owners WHERE owner = ?";
    return this.#sql.exec<{ n: number }>(query, owner).one().n;
  }

  insert(formation: Formation, owner: string | null): void {
    const { cluster_id: clusterId } = formation.cluster;
    this.#sql.exec(
      "INSERT INTO clusters (cluster_id, entry) VALUES (?, ?)",
      clusterId,
      JSON.stringify(formation),
    );
    if (owner !== null)
      this.#sql.exec("INSERT INTO owners (cluster_id, owner) VALUES (?, ?)", clusterId, owner);
  }

  update(formation: Formation): void {
    this.#sql.exec(
      "UPDATE clusters SET entry = ? WHERE cluster_id = ?",
      JSON.stringify(stored(formation)),
      formation.cluster.cluster_id,
    );
  }

  /** Removes a cluster with all that is known of it. */
  remove(clusterId: string): void {
    for (const table of ["deletions", "owners", "clusters"])
      this.#sql.exec(`DELETE FROM ${table} WHERE cluster_id = ?`, clusterId);
    this.revocations.remove(clusterId);
    this.nodes.remove(clusterId);
    this.settings.remove(clusterId);
    this.users.remove(clusterId);
  }

  deletion(clusterId: string): DeletionRow | null {
    const [row] = this.#sql
      .exec<{ deletion: string; step: DeletionStep; due_ms: number }>(
        "SELECT deletion, step, due_ms FROM deletions WHERE cluster_id = ?",
        clusterId,
      )
      .toArray();
    if (row === undefined) return null;
    const deletion: Deletion = JSON.parse(row.deletion);
    return { deletion, step: row.step, dueMs: row.due_ms };
  }

  writeDeletion(clusterId: string, { deletion, step, dueMs }: DeletionRow): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO deletions (cluster_id, deletion, step, due_ms) VALUES (?, ?, ?, ?)",
      clusterId,
      JSON.stringify(deletion),
      step,
      dueMs,
    );
  }

  endDeletion(clusterId: string): void {
    this.#sql.exec("DELETE FROM deletions WHERE cluster_id = ?", clusterId);
  }

  /** The deletions that have something to do by then, at most `max`, the longest due first. */
  dueBy(nowMs: number, max: number): readonly string[] {
    return this.#sql
      .exec<{ cluster_id: string }>(
        "SELECT cluster_id FROM deletions WHERE due_ms <= ? ORDER BY due_ms LIMIT ?",
        nowMs,
        max,
      )
      .toArray()
      .map((row) => row.cluster_id);
  }

  /** When a node is to be told something next, or a deletion has something to do, in ms; null without any. */
  nextDueMs(): number | null {
    const query = "SELECT min(due_ms) AS due FROM deletions";
    const deletion = this.#sql.exec<{ due: number | null }>(query).one().due;
    const others = [this.revocations, this.nodes, this.settings].map((rows) => rows.nextDueMs());
    const due = [deletion, ...others];
    const times = due.filter((time) => time !== null);
    return times.length === 0 ? null : Math.min(...times);
  }

  #listedIn({ entry, deletion }: JoinedRow): ListedCluster {
    const listed = parseFormation(entry);
    const formation =
      listed.state === "planned"
        ? listed
        : { ...listed, cluster: this.settings.shown(this.nodes.shown(listed.cluster)) };
    if (deletion === null) return formation;
    const parsed: Deletion = JSON.parse(deletion);
    return { ...formation, deletion: parsed };
  }
}

/** Which nodes it has now, and what was changed of its settings, is in rows of their own. */
function stored(formation: Formation): Formation {
  if (formation.state === "planned") return formation;
  const { nodes: _, setting_changes: __, ...cluster } = formation.cluster;
  return { ...formation, cluster };
}
