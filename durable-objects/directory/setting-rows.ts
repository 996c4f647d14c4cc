/**
 * What was changed of the settings of each cluster, and when the nodes that have not heard of it are told again. A
 * cluster that has no row has the settings that it was created with.
 */
import type { ClusterEntry } from "../cluster-entry.ts";
import type { SettingChanges } from "../cluster-settings.ts";

const TABLES: readonly string[] = [
  // `due_ms` is null once every node has confirmed.
  `CREATE TABLE IF NOT EXISTS setting_changes (
    cluster_id TEXT PRIMARY KEY, changes TEXT NOT NULL, due_ms INTEGER
  ) STRICT, WITHOUT ROWID`,
  "CREATE INDEX IF NOT EXISTS setting_changes_by_due ON setting_changes (due_ms) WHERE due_ms IS NOT NULL",
];

export class SettingRows {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    for (const statement of TABLES) sql.exec(statement);
  }

  of(clusterId: string): SettingChanges | null {
    const [row] = this.#sql
      .exec<{ changes: string }>(
        "SELECT changes FROM setting_changes WHERE cluster_id = ?",
        clusterId,
      )
      .toArray();
    if (row === undefined) return null;
    const changes: SettingChanges = JSON.parse(row.changes);
    return changes;
  }

  /** The cluster with what was changed of its settings. */
  shown(cluster: ClusterEntry): ClusterEntry {
    const changes = this.of(cluster.cluster_id);
    return changes === null ? cluster : { ...cluster, setting_changes: changes };
  }

  write(clusterId: string, changes: SettingChanges, dueMs: number): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO setting_changes (cluster_id, changes, due_ms) VALUES (?, ?, ?)",
      clusterId,
      JSON.stringify(changes),
      dueMs,
    );
  }

  /** At that time, in ms, the nodes of the cluster are told again; null for never. */
  putDue(clusterId: string, dueMs: number | null): void {
    this.#sql.exec("UPDATE setting_changes SET due_ms = ? WHERE cluster_id = ?", dueMs, clusterId);
  }

  isDue(clusterId: string): boolean {
    const query = "SELECT 1 FROM setting_changes WHERE cluster_id = ? AND due_ms IS NOT NULL";
    return this.#sql.exec(query, clusterId).toArray().length > 0;
  }

  /** Clusters whose nodes are to be told by then, at most `max`, the longest due first. */
  dueBy(nowMs: number, max: number): readonly string[] {
    return this.#sql
      .exec<{ cluster_id: string }>(
        "SELECT cluster_id FROM setting_changes WHERE due_ms <= ? ORDER BY due_ms, cluster_id LIMIT ?",
        nowMs,
        max,
      )
      .toArray()
      .map((row) => row.cluster_id);
  }

  /** When the next of them is to be told, in ms; null without any. */
  nextDueMs(): number | null {
    const query = "SELECT min(due_ms) AS due FROM setting_changes";
    return this.#sql.exec<{ due: number | null }>(query).one().due;
  }

  /** The cluster is gone. */
  remove(clusterId: string): void {
    this.#sql.exec("DELETE FROM setting_changes WHERE cluster_id = ?", clusterId);
  }
}
