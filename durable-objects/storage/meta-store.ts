/**
 * What a controller knows about itself and consensus does not: its directory id and the object that it was drawn in,
 * which cluster it belongs to, with the voters and users it was formed with (Kafka's `meta.properties` and its two
 * checkpoints), which tokens are revoked there and which of its settings were changed, how often it has booted, how often it has led and
 * had to prove it, and why it takes no part, if it does not. Identity and cluster are written once; the reasons come
 * and go.
 */
import type { Revocations } from "../../src/access/index.ts";
import { INCARNATION_COUNT, type StorageIdentity } from "../../src/raft/index.ts";
import type { FlightRecord } from "../replica/flight-recorder.ts";
import type { BootstrapUser } from "../bootstrap-users.ts";
import type { Deletion } from "../cluster-deletion.ts";
import type { JoinRequest } from "../contract.ts";
import { newerChanges, type SettingChanges } from "../cluster-settings.ts";
import { parseClusterEntry, type ClusterEntry } from "../cluster-entry.ts";

/** What a node is told that joins a quorum after it was formed, besides the cluster. */
export type JoinOrder = Omit<JoinRequest, "cluster">;

export const META_TABLES: readonly string[] = [
  "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
];

/** The first builds kept an operator's stop under the key of a tripped invariant, with this sentence alone. */
export const STOPS_APART: readonly string[] = [
  "UPDATE meta SET key = 'stopped' WHERE key = 'tripped' AND value = 'an operator stopped it'",
];

/** One row per fact. */
export class MetaStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Which storage this is, or null before it was prepared. */
  identity(): StorageIdentity | null {
    const directoryId = this.#read("directory_id");
    const objectId = this.#read("object_id");
    return directoryId === null || objectId === null ? null : { directoryId, objectId };
  }

  writeIdentity({ directoryId, objectId }: StorageIdentity): void {
    this.#write("directory_id", directoryId);
    this.#write("object_id", objectId);
  }

  /** The cluster this object was formed into, with what is revoked and changed there; null before that. */
  cluster(): ClusterEntry | null {
    const text = this.#read("cluster");
    if (text === null) return null;
    const access = this.#access();
    const changes = this.#settingChanges();
    return {
      ...parseClusterEntry(text),
      ...(access === null ? {} : { access }),
      ...(changes === undefined ? {} : { setting_changes: changes }),
    };
  }

  writeCluster({ access, setting_changes: changes, ...cluster }: ClusterEntry): void {
    // Who votes now is the log's to say.
    this.#write("cluster", JSON.stringify({ ...cluster, nodes: undefined }));
    if (access !== undefined) this.writeAccess(access);
    if (changes !== undefined) this.writeSettingChanges(changes);
  }

  /** The SCRAM users that the cluster begins with, which the first leader writes to the log. */
  users(): readonly BootstrapUser[] {
    const text = this.#read("users");
    if (text === null) return [];
    const users: readonly BootstrapUser[] = JSON.parse(text);
    return users;
  }

  writeUsers(users: readonly BootstrapUser[]): void {
    this.#write("users", JSON.stringify(users));
  }

  /** How this node came to its cluster; null for one that formed it. */
  join(): JoinOrder | null {
    const text = this.#read("join");
    if (text === null) return null;
    const order: JoinOrder = JSON.parse(text);
    return order;
  }

  writeJoin(order: JoinOrder): void {
    this.#write("join", JSON.stringify(order));
  }

  /** Which tokens are revoked; an older version than the one that is there changes nothing. */
  writeAccess(access: Revocations): void {
    if (access.version > (this.#access()?.version ?? 0))
      this.#write("access", JSON.stringify(access));
  }

  #access(): Revocations | null {
    const text = this.#read("access");
    if (text === null) return null;
    const access: Revocations = JSON.parse(text);
    return access;
  }

  /** What was changed of the settings; an older version than the one that is there changes nothing. */
  writeSettingChanges(changes: SettingChanges): void {
    if (newerChanges(this.#settingChanges(), changes) === changes)
      this.#write("setting_changes", JSON.stringify(changes));
  }

  #settingChanges(): SettingChanges | undefined {
    const text = this.#read("setting_changes");
    if (text === null) return undefined;
    const changes: SettingChanges = JSON.parse(text);
    return changes;
  }

  /** Names the boot that asks: by one more than the last that was stored. `bits` are 20 random ones. */
  nextIncarnation(bits: number): number {
    const counter = Number(this.#read("incarnation") ?? 0) + 1;
    return counter * INCARNATION_COUNT + bits;
  }

  /** Stores its counter: no later boot has it. */
  writeIncarnation(incarnation: number): void {
    this.#write("incarnation", String(Math.floor(incarnation / INCARNATION_COUNT)));
  }

  /**
   * Counts the writes by which a leader has shown that no successor runs. The value must change: SQLite does not write
   * what is there.
   */
  raiseFence(): void {
    this.#write("fence", String(Number(this.#read("fence") ?? 0) + 1));
  }

  /** The invariant that was found broken here, or null while none is. */
  tripped(): string | null {
    return this.#read("tripped");
  }

  /** What the node was doing when it tripped, or null where that is not known. */
  flightRecord(): FlightRecord | null {
    const text = this.#read("flight_record");
    if (text === null) return null;
    const record: FlightRecord = JSON.parse(text);
    return record;
  }

  writeTripped(sentence: string, flightRecord: FlightRecord | null): void {
    this.#write("tripped", sentence);
    if (flightRecord !== null) this.#write("flight_record", JSON.stringify(flightRecord));
  }

  /** Why an operator has taken the node out, or null while none has. */
  stopped(): string | null {
    return this.#read("stopped");
  }

  writeStopped(reason: string): void {
    this.#write("stopped", reason);
  }

  /** Lets the node take part again: an operator stopped it before, or has looked at what it tripped over. */
  clearReasons(): void {
    this.#sql.exec("DELETE FROM meta WHERE key IN ('tripped', 'flight_record', 'stopped')");
  }

  /** The deletion of its cluster, or null while that is not deleted. */
  deletion(): Deletion | null {
    const text = this.#read("deletion");
    if (text === null) return null;
    const deletion: Deletion = JSON.parse(text);
    return deletion;
  }

  /** Whether that deletion was undone already: the word of it came late. */
  isUndone({ deletion_id: deletionId }: Deletion): boolean {
    return this.#read("undone_deletion") === deletionId;
  }

  writeDeletion(deletion: Deletion): void {
    this.#write("deletion", JSON.stringify(deletion));
  }

  undoDeletion(deletionId: string): void {
    this.#write("undone_deletion", deletionId);
    if (this.deletion()?.deletion_id === deletionId)
      this.#sql.exec("DELETE FROM meta WHERE key = 'deletion'");
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
