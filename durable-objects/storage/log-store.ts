/**
 * The Raft log: Kafka record batches, byte for byte what brokers fetch, one row per batch, and the epoch
 * cache beside it (KIP-101: the first offset of every leader epoch).
 *
 * Callers open the transaction. Nothing here decides what may be written or removed: it asserts what the
 * consensus core promised (dense offsets) and what the platform demands (a row under 2 MB, which local
 * workerd does not enforce).
 */
import { assert } from "../../src/std/assert.ts";

export const LOG_TABLES: readonly string[] = [
  `CREATE TABLE log (
    base_offset INTEGER PRIMARY KEY,
    last_offset INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    control INTEGER NOT NULL,
    bytes BLOB NOT NULL
  ) STRICT`,
  // Voter sets live in control batches: a boot reads those few rows and never the whole log.
  "CREATE INDEX log_control ON log (base_offset) WHERE control = 1",
  "CREATE TABLE epochs (epoch INTEGER PRIMARY KEY, start_offset INTEGER NOT NULL) STRICT",
];

/** Production refuses a row over 2 MB; what else the row holds must fit as well. */
export const BATCH_BYTES_MAX = 2_000_000 - 1_024;

/** One record batch as stored. `lastOffset` is inclusive. */
export interface StoredBatch {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly epoch: number;
  readonly control: boolean;
  readonly bytes: Uint8Array;
}

/** The first offset that a leader epoch wrote, or would have written. */
export interface EpochStart {
  readonly epoch: number;
  readonly startOffset: number;
}

export class LogStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  append(batch: StoredBatch): void {
    const size = batch.bytes.byteLength;
    assert(size <= BATCH_BYTES_MAX, `a batch of ${size} bytes exceeds a row's ${BATCH_BYTES_MAX}`);
    this.#sql.exec(
      "INSERT INTO log (base_offset, last_offset, epoch, control, bytes) VALUES (?, ?, ?, ?, ?)",
      batch.baseOffset,
      batch.lastOffset,
      batch.epoch,
      batch.control ? 1 : 0,
      batch.bytes,
    );
  }

  /** Removes every batch at or above `offset`, which is the base of a batch or the end of the log. */
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

  /** The epoch of the batch that begins at `baseOffset`; null when none does. */
  epochAt(baseOffset: number): number | null {
    const [row] = this.#sql
      .exec<{ epoch: number }>("SELECT epoch FROM log WHERE base_offset = ?", baseOffset)
      .toArray();
    return row?.epoch ?? null;
  }

  /** The offset after the last record: 0 for an empty log. */
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

  /** Every control batch, oldest first: leader changes and voter sets. */
  controlBatches(): readonly StoredBatch[] {
    return this.#sql
      .exec<LogRow>("SELECT * FROM log WHERE control = 1 ORDER BY base_offset")
      .toArray()
      .map(batchOf);
  }

  /**
   * Whole batches from the one that contains `from`, below `upTo`, until `maxBytes` is reached. The first
   * batch comes whole whatever its size, or a large one would stall replication (KIP-74).
   */
  read(range: {
    readonly from: number;
    readonly upTo: number;
    readonly maxBytes: number;
  }): readonly StoredBatch[] {
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

function batchOf(row: LogRow): StoredBatch {
  return {
    baseOffset: row.base_offset,
    lastOffset: row.last_offset,
    epoch: row.epoch,
    control: row.control === 1,
    bytes: new Uint8Array(row.bytes),
  };
}

/** Joins batches into the one byte range that a fetch response carries. */
export function joinBatches(batches: readonly StoredBatch[]): Uint8Array {
  const [first] = batches;
  if (batches.length === 1 && first !== undefined) return first.bytes;
  const size = batches.reduce((sum, batch) => sum + batch.bytes.byteLength, 0);
  const joined = new Uint8Array(size);
  let position = 0;
  for (const batch of batches) {
    joined.set(batch.bytes, position);
    position += batch.bytes.byteLength;
  }
  return joined;
}
