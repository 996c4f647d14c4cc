/**
 * What a controller knows about itself and never changes while it lives: which cluster it is a voter of, and
 * the quorum it was formed with. Kafka keeps the same in `meta.properties` and the 0-0 checkpoint.
 */
import type { ClusterEntry } from "../cluster-entry.ts";

export const META_TABLES: readonly string[] = [
  "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
];

/** One row per fact. Writes happen when a cluster is formed and when an invariant trips. */
export class MetaStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** The cluster this object was formed into, or null before that. */
  cluster(): ClusterEntry | null {
    const text = this.#read("cluster");
    return text === null ? null : parseCluster(text);
  }

  writeCluster(cluster: ClusterEntry): void {
    this.#write("cluster", JSON.stringify(cluster));
  }

  /** Why this node refuses to vote, lead or acknowledge, or null while every invariant holds. */
  tripped(): string | null {
    return this.#read("tripped");
  }

  writeTripped(sentence: string): void {
    this.#write("tripped", sentence);
  }

  clearTripped(): void {
    this.#sql.exec("DELETE FROM meta WHERE key = 'tripped'");
  }

  #read(key: string): string | null {
    const [row] = this.#sql
      .exec<{ value: string }>("SELECT value FROM meta WHERE key = ?", key)
      .toArray();
    return row?.value ?? null;
  }

  #write(key: string, value: string): void {
    this.#sql.exec("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", key, value);
  }
}

function parseCluster(text: string): ClusterEntry {
  const entry: ClusterEntry = JSON.parse(text);
  return entry;
}
