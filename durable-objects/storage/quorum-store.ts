/**
 * What is stored of elections, in the one row that Kafka keeps in `quorum-state`: the epoch, its leader, and
 * the voter that this one voted for. Leader and voted key are independent. The high watermark lies beside them: a
 * replica that forgot it would let a leader truncate what is committed.
 */
import type { ElectionState, Sleep } from "../../src/raft/index.ts";
import type { QuorumStore } from "../replica/ports.ts";
import { MetaStore } from "./meta-store.ts";

export const QUORUM_TABLES: readonly string[] = [
  `CREATE TABLE quorum (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    epoch INTEGER NOT NULL,
    leader_id INTEGER,
    voted_id INTEGER,
    voted_directory_id TEXT
  ) STRICT`,
];

/** The first builds forgot the high watermark with every restart. */
export const HIGH_WATERMARK_STORED: readonly string[] = [
  "ALTER TABLE quorum ADD COLUMN high_watermark INTEGER",
];

/** A node that joins a quorum later has an order to do so, until it is a voter. One that forms a quorum has none. */
export const JOINING_TABLES: readonly string[] = [
  "CREATE TABLE joining (one INTEGER PRIMARY KEY CHECK (one = 1)) STRICT",
];

/** The first builds never slept. One that sleeps wakes a build that does not know how: it does not ask. */
export const SLEEP_STORED: readonly string[] = [
  "ALTER TABLE quorum ADD COLUMN sleep_epoch INTEGER",
  "ALTER TABLE quorum ADD COLUMN sleep_end_offset INTEGER",
  "ALTER TABLE quorum ADD COLUMN sleep_since_ms INTEGER",
];

// A type alias, not an interface: the platform's row constraint wants an index signature.
type QuorumRow = {
  epoch: number;
  leader_id: number | null;
  voted_id: number | null;
  voted_directory_id: string | null;
};

type SleepRow = {
  sleep_epoch: number | null;
  sleep_end_offset: number | null;
  sleep_since_ms: number | null;
};

export class SqlQuorumStore implements QuorumStore {
  readonly #sql: SqlStorage;
  readonly #meta: MetaStore;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.#meta = new MetaStore(sql);
  }

  read(): ElectionState | null {
    const [row] = this.#sql
      .exec<QuorumRow>("SELECT epoch, leader_id, voted_id, voted_directory_id FROM quorum")
      .toArray();
    if (row === undefined) return null;
    const voted = row.voted_id !== null && row.voted_directory_id !== null;
    return {
      epoch: row.epoch,
      leaderId: row.leader_id,
      votedKey: voted
        ? { id: row.voted_id ?? -1, directoryId: row.voted_directory_id ?? "" }
        : null,
    };
  }

  write(election: ElectionState): void {
    this.#sql.exec(
      `INSERT INTO quorum (one, epoch, leader_id, voted_id, voted_directory_id) VALUES (1, ?, ?, ?, ?)
       ON CONFLICT (one) DO UPDATE SET epoch = excluded.epoch, leader_id = excluded.leader_id,
         voted_id = excluded.voted_id, voted_directory_id = excluded.voted_directory_id`,
      election.epoch,
      election.leaderId,
      election.votedKey?.id ?? null,
      election.votedKey?.directoryId ?? null,
    );
  }

  highWatermark(): number | null {
    const [row] = this.#sql
      .exec<{ high_watermark: number | null }>("SELECT high_watermark FROM quorum")
      .toArray();
    return row?.high_watermark ?? null;
  }

  /** A high watermark is of a log with an epoch, and so there is a row. */
  writeHighWatermark(offset: number): void {
    this.#sql.exec("UPDATE quorum SET high_watermark = ?", offset);
  }

  isJoining(): boolean {
    return this.#sql.exec("SELECT 1 FROM joining").toArray().length > 0;
  }

  /** The order to become a voter. */
  writeJoining(): void {
    this.#sql.exec("INSERT OR IGNORE INTO joining (one) VALUES (1)");
  }

  writeJoined(): void {
    this.#sql.exec("DELETE FROM joining");
  }

  fence(): void {
    this.#meta.raiseFence();
  }

  writeIncarnation(incarnation: number): void {
    this.#meta.writeIncarnation(incarnation);
  }

  sleep(): Sleep | null {
    const [row] = this.#sql
      .exec<SleepRow>("SELECT sleep_epoch, sleep_end_offset, sleep_since_ms FROM quorum")
      .toArray();
    const { sleep_epoch: epoch, sleep_end_offset: endOffset, sleep_since_ms: sinceMs } = row ?? {};
    if (epoch == null || endOffset == null || sinceMs == null) return null;
    return { epoch, endOffset, sinceMs };
  }

  /** Who sleeps has taken part in an epoch, and so there is a row. */
  writeSleep(sleep: Sleep | null): void {
    this.#sql.exec(
      "UPDATE quorum SET sleep_epoch = ?, sleep_end_offset = ?, sleep_since_ms = ?",
      sleep?.epoch ?? null,
      sleep?.endOffset ?? null,
      sleep?.sinceMs ?? null,
    );
  }
}
