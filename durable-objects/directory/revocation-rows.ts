/**
 * What is revoked, in each cluster and in the whole deployment, and the clusters some node of which has not heard of
 * it.
 */
import { ANY_CLUSTER, NOTHING_REVOKED, type Revocations } from "../../src/access/index.ts";

const TABLES: readonly string[] = [
  // The deployment's stand under `*`.
  "CREATE TABLE IF NOT EXISTS revocations (cluster_id TEXT PRIMARY KEY, revocations TEXT NOT NULL) STRICT, WITHOUT ROWID",
  "CREATE TABLE IF NOT EXISTS untold (cluster_id TEXT PRIMARY KEY, due_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID",
  "CREATE INDEX IF NOT EXISTS untold_by_due ON untold (due_ms)",
];

export class RevocationRows {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    for (const statement of TABLES) sql.exec(statement);
  }

  /** What was revoked there alone, and nowhere else: in the cluster of that id, or with `*` in the deployment. */
  of(scope: string): Revocations {
    const [row] = this.#sql
      .exec<{ revocations: string }>(
        "SELECT revocations FROM revocations WHERE cluster_id = ?",
        scope,
      )
      .toArray();
    if (row === undefined) return NOTHING_REVOKED;
    const revocations: Revocations = JSON.parse(row.revocations);
    return revocations;
  }

  write(scope: string, revocations: Revocations): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO revocations (cluster_id, revocations) VALUES (?, ?)",
      scope,
      JSON.stringify(revocations),
    );
  }

  /** From then on the nodes of that cluster, or with `*` those of all clusters, are to be told. */
  putUntold(scope: string, dueMs: number): void {
    if (scope === ANY_CLUSTER)
      this.#sql.exec("INSERT OR REPLACE INTO untold SELECT cluster_id, ? FROM clusters", dueMs);
    else this.#sql.exec("INSERT OR REPLACE INTO untold VALUES (?, ?)", scope, dueMs);
  }

  /** All nodes of the cluster have confirmed. */
  endUntold(clusterId: string): void {
    this.#sql.exec("DELETE FROM untold WHERE cluster_id = ?", clusterId);
  }

  isUntold(clusterId: string): boolean {
    const query = "SELECT 1 FROM untold WHERE cluster_id = ?";
    return this.#sql.exec(query, clusterId).toArray().length > 0;
  }

  countUntold(): number {
    return this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM untold").one().n;
  }

  /** The clusters that are to be told by then, at most `max`, the longest due first. */
  untoldBy(nowMs: number, max: number): readonly string[] {
    return this.#sql
      .exec<{ cluster_id: string }>(
        "SELECT cluster_id FROM untold WHERE due_ms <= ? ORDER BY due_ms LIMIT ?",
        nowMs,
        max,
      )
      .toArray()
      .map((row) => row.cluster_id);
  }

  /** When the next of them is to be told, in ms; null without any. */
  nextDueMs(): number | null {
    const query = "SELECT min(due_ms) AS due FROM untold";
    return this.#sql.exec<{ due: number | null }>(query).one().due;
  }

  /** Removes what is known of a cluster. */
  remove(clusterId: string): void {
    for (const table of ["revocations", "untold"])
      this.#sql.exec(`DELETE FROM ${table} WHERE cluster_id = ?`, clusterId);
  }
}
