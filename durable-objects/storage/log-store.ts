/**
 * The Raft log: Kafka record batches, byte for byte what brokers fetch, one row per batch, and the epoch
 * cache beside it (KIP-101: the first offset of every leader epoch).
 *
 * Callers open the transaction. Nothing here decides what may be written or removed: it asserts what the
 * consensus core promised (dense offsets) and what the platform demands (a row under 2 MB, which local
 * workerd does not enforce).
 */
import type { EpochStart, LogRange } from "../../src/raft/index.ts";
import { assert } from "../../src/std/assert.ts";
import type { LogStore } from "../replica/ports.ts";
import type { StoredBatch } from "../replica/stored-batch.ts";

export const LOG_TABLES: readonly string[] = [
  `CREATE TABLE log (
    base_offset INTEGER PRIMARY KEY,
    last_offset INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    control INTEGER NOT NULL,
    bytes BLOB NOT NULL
  ) STRICT`,
  "CREATE INDEX log_control ON log (base_offset) WHERE control = 1",
  "CREATE TABLE epochs (epoch INTEGER PRIMARY KEY, start_offset INTEGER NOT NULL) STRICT",
];

/**
 * Voter sets live in control batches, and a boot must find them without reading those of every election: they are
 * marked 2, other control batches 1. Rows of the first builds are marked by their bytes, which may mark one too many.
 */
export const VOTER_SETS_MARKED: readonly string[] = [
  "UPDATE log SET control = 2 WHERE control = 1 AND instr(bytes, x'00000006') > 0",
  "DROP INDEX IF EXISTS log_control",
  "CREATE INDEX IF NOT EXISTS log_voter_sets ON log (base_offset) WHERE control = 2",
];
/** The key of a KRaftVoters control record: version 0 and type 6, two bytes each. */
const VOTERS_KEY = [0, 0, 0, 6] as const;

/** Production refuses a row over 2 MB; what else the row holds must fit as well. */
const BATCH_BYTES_MAX = 2_000_000 - 1_024;

export class SqlLogStore implements LogStore {
  readonly batchBytesMax = BATCH_BYTES_MAX;
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  append(batch: StoredBatch): void {
    const size = batch.bytes.byteLength;
    assert(size <= BATCH_BYTES_MAX, `a batch of ${size} bytes exceeds a row's ${BATCH_BYTES_MAX}`);
    const end = this.endOffset();
    assert(
      batch.baseOffset === end,
      `a batch that begins at ${batch.baseOffset} does not follow a log that ends at ${end}`,
    );
    this.#sql.exec(
      "INSERT INTO log (base_offset, last_offset, epoch, control, bytes) VALUES (?, ?, ?, ?, ?)",
      batch.baseOffset,
      batch.lastOffset,
      batch.epoch,
      markOf(batch),
      batch.bytes,
    );
  }

  truncateTo(offset: number): void {
    this.#sql.exec("DELETE FROM log WHERE base_offset >= ?", offset);
    this.#sql.exec("DELETE FROM epochs WHERE start_offset >= ?", offset);
  }

  writeEpochStart(start: EpochStart): void {
    this.#sql.exec(
      "INSERT OR IGNORE INTO epochs (epoch, start_offset) VALUES (?, ?)",
      start.epoch,
      start.startOffset,
    );
  }

  epochStarts(): readonly EpochStart[] {
    return this.#sql
      .exec<{ epoch: number; start_offset: number }>(
        "SELECT epoch, start_offset FROM epochs ORDER BY epoch",
      )
      .toArray()
      .map((row) => ({ epoch: row.epoch, startOffset: row.start_offset }));
  }

  epochAt(baseOffset: number): number | null {
    const [row] = this.#sql
      .exec<{ epoch: number }>("SELECT epoch FROM log WHERE base_offset = ?", baseOffset)
      .toArray();
    return row?.epoch ?? null;
  }

  endOffset(): number {
    const [row] = this.#sql
      .exec<{ last_offset: number }>(
        "SELECT last_offset FROM log ORDER BY base_offset DESC LIMIT 1",
      )
      .toArray();
    return row === undefined ? 0 : row.last_offset + 1;
  }

  startOffset(): number {
    const [row] = this.#sql
      .exec<{ base_offset: number }>("SELECT base_offset FROM log ORDER BY base_offset LIMIT 1")
      .toArray();
    return row?.base_offset ?? 0;
  }

  controlBatches(): readonly StoredBatch[] {
    return this.#sql
      .exec<LogRow>("SELECT * FROM log WHERE control = 2 ORDER BY base_offset")
      .toArray()
      .map(batchOf);
  }

  /**
   * Whole batches from the one that contains `from`, below `upTo`, until `maxBytes` is reached. The first
   * batch comes whole whatever its size, or a large one would stall replication (KIP-74).
   */
  read(range: LogRange): readonly StoredBatch[] {
    const batches: StoredBatch[] = [];
    let bytes = 0;
    const rows = this.#sql.exec<LogRow>(
      `SELECT * FROM log
       WHERE base_offset >= (SELECT coalesce(max(base_offset), 0) FROM log WHERE base_offset <= ?)
         AND base_offset < ? ORDER BY base_offset`,
      range.from,
      range.upTo,
    );
    for (const row of rows) {
      const batch = batchOf(row);
      if (batch.lastOffset < range.from) continue;
      bytes += batch.bytes.byteLength;
      if (batches.length > 0 && bytes > range.maxBytes) break;
      batches.push(batch);
    }
    return batches;
  }
}

// A type alias, not an interface: the platform's row constraint wants an index signature.
type LogRow = {
  base_offset: number;
  last_offset: number;
  epoch: number;
  control: number;
  bytes: ArrayBuffer;
};

function markOf({ control, bytes }: StoredBatch): 0 | 1 | 2 {
  if (!control) return 0;
  const hasVoters = bytes.some((_, at) =>
    VOTERS_KEY.every((byte, next) => bytes[at + next] === byte),
  );
  return hasVoters ? 2 : 1;
}

function batchOf(row: LogRow): StoredBatch {
  return {
    baseOffset: row.base_offset,
    lastOffset: row.last_offset,
    epoch: row.epoch,
    control: row.control > 0,
    bytes: new Uint8Array(row.bytes),
  };
}
