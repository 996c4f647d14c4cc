/**
 * The one object that lists the clusters of a deployment. It holds no other state of theirs: losing it loses
 * a list, never a log. Its methods are called over the platform's RPC.
 */
import { DurableObject } from "cloudflare:workers";
import {
  fixVoters,
  parseListedCluster,
  type ClusterEntry,
  type ClusterPlan,
  type ListedCluster,
} from "./cluster-entry.ts";

/** A bound on a list that is read whole; far above what one deployment has been seen to hold. */
const CLUSTERS_MAX = 10_000;

export class ClusterDirectory extends DurableObject {
  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    super(state, env);
    state.storage.sql.exec(
      "CREATE TABLE IF NOT EXISTS clusters (cluster_id TEXT PRIMARY KEY, entry TEXT NOT NULL) STRICT, WITHOUT ROWID",
    );
  }

  /** Every cluster whose voters are fixed, by id. */
  list(): ClusterEntry[] {
    return this.ctx.storage.sql
      .exec<{ entry: string }>("SELECT entry FROM clusters ORDER BY cluster_id")
      .toArray()
      .map((row) => parseListedCluster(row.entry))
      .flatMap(({ state, cluster }) => (state === "planned" ? [] : [cluster]));
  }

  get(clusterId: string): ListedCluster | null {
    const [row] = this.ctx.storage.sql
      .exec<{ entry: string }>("SELECT entry FROM clusters WHERE cluster_id = ?", clusterId)
      .toArray();
    return row === undefined ? null : parseListedCluster(row.entry);
  }

  /** Lists a plan unless its id is taken; answers with whatever is listed then. */
  create(plan: ClusterPlan): { created: boolean; listed: ListedCluster } {
    const present = this.get(plan.cluster_id);
    if (present !== null) return { created: false, listed: present };
    const count = this.ctx.storage.sql
      .exec<{ n: number }>("SELECT count(*) AS n FROM clusters")
      .one().n;
    if (count >= CLUSTERS_MAX)
      throw new RangeError(`a deployment lists at most ${CLUSTERS_MAX} clusters`);
    const listed: ListedCluster = { state: "planned", cluster: plan };
    this.ctx.storage.sql.exec(
      "INSERT INTO clusters (cluster_id, entry) VALUES (?, ?)",
      plan.cluster_id,
      JSON.stringify(listed),
    );
    return { created: true, listed };
  }

  /**
   * Fixes who the initial voters are, once: a later call is answered with what was fixed first, whatever the nodes say
   * by then. Null when the cluster is not listed, or a node has no id.
   */
  fix(clusterId: string, directoryIds: Readonly<Record<string, string>>): ClusterEntry | null {
    const listed = this.get(clusterId);
    if (listed === null) return null;
    if (listed.state !== "planned") return listed.cluster;
    const drawn = Object.entries(directoryIds).map(
      ([id, drawnId]) => [Number(id), drawnId] as const,
    );
    const cluster = fixVoters(listed.cluster, new Map(drawn));
    if (cluster !== null) this.#write({ state: "forming", cluster });
    return cluster;
  }

  /** From now on no node without its storage is formed under its old key. */
  markFormed(clusterId: string): void {
    const listed = this.get(clusterId);
    if (listed?.state === "forming") this.#write({ state: "formed", cluster: listed.cluster });
  }

  /** Takes a cluster off the list; false when it was not there. */
  remove(clusterId: string): boolean {
    const cursor = this.ctx.storage.sql.exec(
      "DELETE FROM clusters WHERE cluster_id = ?",
      clusterId,
    );
    return cursor.rowsWritten > 0;
  }

  #write(listed: ListedCluster): void {
    this.ctx.storage.sql.exec(
      "UPDATE clusters SET entry = ? WHERE cluster_id = ?",
      JSON.stringify(listed),
      listed.cluster.cluster_id,
    );
  }
}
