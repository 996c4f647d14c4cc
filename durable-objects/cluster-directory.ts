/**
 * The one object that lists the clusters of a deployment. It holds no other state of theirs: losing it loses
 * a list, never a log. Its methods are called over the platform's RPC.
 */
import { DurableObject } from "cloudflare:workers";
import { parseClusterEntry, type ClusterEntry } from "./cluster-entry.ts";

/** A bound on a list that is read whole; far above what one deployment has been seen to hold. */
const CLUSTERS_MAX = 10_000;

export class ClusterDirectory extends DurableObject {
  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    super(state, env);
    state.storage.sql.exec(
      "CREATE TABLE IF NOT EXISTS clusters (cluster_id TEXT PRIMARY KEY, entry TEXT NOT NULL) STRICT, WITHOUT ROWID",
    );
  }

  /** Every cluster, by id. */
  list(): ClusterEntry[] {
    return this.ctx.storage.sql
      .exec<{ entry: string }>("SELECT entry FROM clusters ORDER BY cluster_id")
      .toArray()
      .map((row) => parseClusterEntry(row.entry));
  }

  get(clusterId: string): ClusterEntry | null {
    const [row] = this.ctx.storage.sql
      .exec<{ entry: string }>("SELECT entry FROM clusters WHERE cluster_id = ?", clusterId)
      .toArray();
    return row === undefined ? null : parseClusterEntry(row.entry);
  }

  /** Lists a cluster unless its id is taken; answers with whatever is listed then. */
  create(entry: ClusterEntry): { created: boolean; entry: ClusterEntry } {
    const present = this.get(entry.cluster_id);
    if (present !== null) return { created: false, entry: present };
    const count = this.ctx.storage.sql
      .exec<{ n: number }>("SELECT count(*) AS n FROM clusters")
      .one().n;
    if (count >= CLUSTERS_MAX)
      throw new RangeError(`a deployment lists at most ${CLUSTERS_MAX} clusters`);
    this.ctx.storage.sql.exec(
      "INSERT INTO clusters (cluster_id, entry) VALUES (?, ?)",
      entry.cluster_id,
      JSON.stringify(entry),
    );
    return { created: true, entry };
  }

  /** Takes a cluster off the list; false when it was not there. */
  remove(clusterId: string): boolean {
    const cursor = this.ctx.storage.sql.exec(
      "DELETE FROM clusters WHERE cluster_id = ?",
      clusterId,
    );
    return cursor.rowsWritten > 0;
  }
}
