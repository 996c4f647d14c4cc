/**
 * What is revoked, in each cluster and in the whole deployment, and the clusters some node of which has not heard of
 * it.
 */
import { NOTHING_REVOKED, type Revocations } from "../../src/access/index.ts";

const TABLES: readonly string[] = [
  // The deployment's stand under `*`.
  "CREATE TABLE IF NOT EXISTS revocations (cluster_id TEXT PRIMARY KEY, revocations TEXT NOT NULL) STRICT, WITHOUT ROWID",
  "CREATE TABLE IF NOT EXISTS untold (cluster_id TEXT PRIMARY KEY, due_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID",
  "CREATE INDEX IF NOT EXISTS untold_by_due ON untold (due_ms)",
  // All clusters whose ids come after are to be told too: one row, in place of one for each.
  "CREATE TABLE IF NOT EXISTS untold_after (one INTEGER PRIMARY KEY CHECK (one = 1), cluster_id TEXT NOT NULL) STRICT",
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

  /** At that time, in ms, the nodes of the cluster are to be told. */
  putUntold(clusterId: string, dueMs: number): void {
    this.#sql.exec("INSERT OR REPLACE INTO untold VALUES (?, ?)", clusterId, dueMs);
  }

  /** The nodes of all clusters are to be told, from now on. */
  putAllUntold(): void {
    this.#writeAfter("");
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
    const after = this.#after();
    const named = "SELECT count(*) AS n FROM untold";
    if (after === null) return this.#sql.exec<{ n: number }>(named).one().n;
    const query = `SELECT (SELECT count(*) FROM clusters WHERE cluster_id > ?1)
      + (SELECT count(*) FROM untold WHERE cluster_id <= ?1) AS n`;
    return this.#sql.exec<{ n: number }>(query, after).one().n;
  }

  /** Clusters that are to be told by then, at most `max`, the longest due first; each is due again at `againMs`. */
  takeUntold(nowMs: number, againMs: number, max: number): readonly string[] {
    const due = this.#idsIn(
      "SELECT cluster_id FROM untold WHERE due_ms <= ? ORDER BY due_ms, cluster_id LIMIT ?",
      nowMs,
      max,
    );
    const taken = [...new Set([...due, ...this.#takeOfAll(max - due.length)])];
    for (const clusterId of taken) this.putUntold(clusterId, againMs);
    return taken;
  }

  /** When the next of them is to be told, in ms; null without any. */
  nextDueMs(): number | null {
    if (this.#after() !== null) return 0;
    const query = "SELECT min(due_ms) AS due FROM untold";
    return this.#sql.exec<{ due: number | null }>(query).one().due;
  }

  #takeOfAll(max: number): readonly string[] {
    const after = this.#after();
    if (after === null || max === 0) return [];
    const ids = this.#idsIn(
      "SELECT cluster_id FROM clusters WHERE cluster_id > ? ORDER BY cluster_id LIMIT ?",
      after,
      max,
    );
    const last = ids.at(-1);
    if (last === undefined || ids.length < max) this.#sql.exec("DELETE FROM untold_after");
    else this.#writeAfter(last);
    return ids;
  }

  #after(): string | null {
    const query = "SELECT cluster_id FROM untold_after";
    return this.#idsIn(query)[0] ?? null;
  }

  #writeAfter(clusterId: string): void {
    this.#sql.exec("INSERT OR REPLACE INTO untold_after VALUES (1, ?)", clusterId);
  }

  #idsIn(query: string, ...values: readonly (string | number)[]): readonly string[] {
    const rows = this.#sql.exec<{ cluster_id: string }>(query, ...values).toArray();
    return rows.map((row) => row.cluster_id);
  }

  /** Removes what is known of a cluster. */
  remove(clusterId: string): void {
    for (const table of ["revocations", "untold"])
      this.#sql.exec(`DELETE FROM ${table} WHERE cluster_id = ?`, clusterId);
  }
}
