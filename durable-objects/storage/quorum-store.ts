/**
 * What is stored of elections, in the one row that Kafka keeps in `quorum-state`: the epoch, its leader, and
 * the voter that this one voted for. Leader and voted key are independent.
 */
import type { ElectionState } from "../../src/raft/index.ts";
import type { QuorumStore } from "../replica/ports.ts";

export const QUORUM_TABLES: readonly string[] = [
  `CREATE TABLE quorum (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    epoch INTEGER NOT NULL,
    leader_id INTEGER,
    voted_id INTEGER,
    voted_directory_id TEXT
  ) STRICT`,
];

// A type alias, not an interface: the platform's row constraint wants an index signature.
type QuorumRow = {
  epoch: number;
  leader_id: number | null;
  voted_id: number | null;
  voted_directory_id: string | null;
};

export class SqlQuorumStore implements QuorumStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
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
      "INSERT OR REPLACE INTO quorum (one, epoch, leader_id, voted_id, voted_directory_id) VALUES (1, ?, ?, ?, ?)",
      election.epoch,
      election.leaderId,
      election.votedKey?.id ?? null,
      election.votedKey?.directoryId ?? null,
    );
  }
}
