/**
 * The Raft log: Kafka record batches, byte for byte what brokers fetch, one row per batch and more for a large one
 * (`log-parts.ts`), and the epoch cache beside it (KIP-101: the first offset of every leader epoch).
 *
 * The log begins at a stored offset, and every query is bounded by it: rows below are not there any more for anyone,
 * from the transaction on that moved the start, and are removed later, in slices.
 *
 * Callers open the transaction. Nothing here decides what may be written or removed: it asserts what the
 * consensus core promised (dense offsets, boundaries of batches).
 */
import { BATCH_BYTES_MAX } from "../../src/protocol/index.ts";
import type { EpochStart, LogRange } from "../../src/raft/index.ts";
import { assert } from "../../src/std/assert.ts";
import type { LogStore } from "../replica/ports.ts";
import type { StoredBatch } from "../replica/stored-batch.ts";
import { LogParts, PART_BYTES } from "./log-parts.ts";
import { sweepBudget, sweepRows } from "./swept-rows.ts";

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

/**
 * The log of the first builds began with its first row. From now on its start is stored, with the bytes that were ever
 * below it, and every batch says how many bytes of log lie before it: what was written since some offset is a
 * subtraction.
 *
 * To write that into every old row would be an event of seconds. So all that the old log has counts as if its first
 * batch had it: what it has in all is right, and from within it on only the newest batch counts.
 */
export const LOG_CUT: readonly string[] = [
  `CREATE TABLE log_start (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    start_offset INTEGER NOT NULL,
    position INTEGER NOT NULL
  ) STRICT`,
  `INSERT INTO log_start (one, start_offset, position)
   SELECT 1, coalesce(min(base_offset), 0), 0 FROM log`,
  "ALTER TABLE log ADD COLUMN position INTEGER NOT NULL DEFAULT 0",
  `UPDATE log SET position = (SELECT length(bytes) FROM log ORDER BY base_offset DESC LIMIT 1)
     - (SELECT sum(length(bytes)) FROM log)
   WHERE base_offset = (SELECT min(base_offset) FROM log)`,
];

/** The key of a KRaftVoters control record: version 0 and type 6, two bytes each. */
const VOTERS_KEY = [0, 0, 0, 6] as const;

const START = "(SELECT start_offset FROM log_start)";

export class SqlLogStore implements LogStore {
  readonly batchBytesMax = BATCH_BYTES_MAX;
  readonly #sql: SqlStorage;
  readonly #parts: LogParts;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.#parts = new LogParts(sql);
  }

  append(batch: StoredBatch): void {
    const size = batch.bytes.byteLength;
    assert(size <= BATCH_BYTES_MAX, `a batch of ${size} bytes; the limit is ${BATCH_BYTES_MAX}`);
    const end = this.#end();
    assert(
      batch.baseOffset === end.offset,
      `a batch that begins at ${batch.baseOffset} does not follow a log that ends at ${end.offset}`,
    );
    this.#sql.exec(
      `INSERT INTO log (base_offset, last_offset, epoch, control, position, bytes)
       VALUES (?, ?, ?, ?, ?, ?)`,
      batch.baseOffset,
      batch.lastOffset,
      batch.epoch,
      markOf(batch),
      end.position,
      batch.bytes.subarray(0, PART_BYTES),
    );
    this.#parts.append(batch.baseOffset, batch.bytes);
  }

  truncateTo(offset: number): void {
    const start = this.startOffset();
    assert(offset >= start, `cannot truncate to ${offset}: the log begins at ${start}`);
    this.#sql.exec("DELETE FROM log WHERE base_offset >= ?", offset);
    this.#sql.exec("DELETE FROM epochs WHERE start_offset >= ?", offset);
    this.#parts.truncateTo(offset);
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
    return this.#batchAt(baseOffset)?.epoch ?? null;
  }

  startOffset(): number {
    return this.#start().offset;
  }

  endOffset(): number {
    return this.#end().offset;
  }

  bytesBefore(offset: number): number {
    const end = this.#end();
    if (offset === end.offset) return end.position;
    const batch = this.#batchAt(offset);
    assert(batch !== null, `no batch begins at ${offset} in a log that ends at ${end.offset}`);
    return batch.position;
  }

  isBoundary(offset: number): boolean {
    return this.#batchAt(offset) !== null || offset === this.endOffset();
  }

  controlBatches(): readonly StoredBatch[] {
    return this.#sql
      .exec<LogRow>(
        `SELECT * FROM log WHERE control = 2 AND base_offset >= ${START} ORDER BY base_offset`,
      )
      .toArray()
      .map((row) => this.#batchOf(row));
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
       WHERE base_offset >= max(${START}, (
           SELECT coalesce(max(base_offset), 0) FROM log WHERE base_offset <= ?
         ))
         AND base_offset < ? ORDER BY base_offset`,
      range.from,
      range.upTo,
    );
    for (const row of rows) {
      if (row.last_offset < range.from) continue;
      bytes += this.#sizeOf(row.base_offset, row.bytes.byteLength);
      if (batches.length > 0 && bytes > range.maxBytes) break;
      batches.push(this.#batchOf(row));
    }
    return batches;
  }

  moveStart(offset: number): void {
    const start = this.startOffset();
    assert(
      offset >= start && this.isBoundary(offset),
      `the log cannot begin at ${offset}: it is ${start}..${this.endOffset()}, or no batch begins there`,
    );
    const reaching = this.#batchAt(offset);
    this.#writeStart({ offset, position: this.bytesBefore(offset) });
    this.#sql.exec("DELETE FROM epochs WHERE start_offset < ?", offset);
    if (reaching !== null) this.writeEpochStart({ epoch: reaching.epoch, startOffset: offset });
  }

  restartAt(offset: number): void {
    const start = this.startOffset();
    assert(offset >= start, `the log cannot begin at ${offset}: it has begun at ${start}`);
    const { position } = this.#end();
    // What lies above is the uncommitted end of a dead branch: a few batches. All below is swept.
    this.truncateTo(offset);
    this.#sql.exec("DELETE FROM epochs");
    this.#writeStart({ offset, position });
  }

  sweep(rowsMax: number): boolean {
    const start = this.startOffset();
    const budget = sweepBudget(rowsMax);
    if (!this.#parts.sweep(start, budget)) return false;
    const range = { from: 0, below: start };
    return sweepRows(this.#sql, { table: "log", key: "base_offset" }, range, budget);
  }

  #start(): Place {
    const row = this.#sql
      .exec<{ start_offset: number; position: number }>(
        "SELECT start_offset, position FROM log_start",
      )
      .one();
    return { offset: row.start_offset, position: row.position };
  }

  #writeStart({ offset, position }: Place): void {
    this.#sql.exec("UPDATE log_start SET start_offset = ?, position = ?", offset, position);
  }

  #end(): Place {
    const [last] = this.#sql
      .exec<{ base_offset: number; last_offset: number; position: number; size: number }>(
        `SELECT base_offset, last_offset, position, length(bytes) AS size FROM log
         WHERE base_offset >= ${START} ORDER BY base_offset DESC LIMIT 1`,
      )
      .toArray();
    if (last === undefined) return this.#start();
    const size = this.#sizeOf(last.base_offset, last.size);
    return { offset: last.last_offset + 1, position: last.position + size };
  }

  #batchAt(baseOffset: number): { readonly epoch: number; readonly position: number } | null {
    const [row] = this.#sql
      .exec<{ epoch: number; position: number }>(
        `SELECT epoch, position FROM log WHERE base_offset = ? AND base_offset >= ${START}`,
        baseOffset,
      )
      .toArray();
    return row ?? null;
  }

  /** The bytes of the batch whose row holds so many. Only a full one has parts elsewhere. */
  #sizeOf(baseOffset: number, inRow: number): number {
    return inRow === PART_BYTES ? inRow + this.#parts.size(baseOffset) : inRow;
  }

  #batchOf(row: LogRow): StoredBatch {
    const first = new Uint8Array(row.bytes);
    const size = this.#sizeOf(row.base_offset, first.byteLength);
    return {
      baseOffset: row.base_offset,
      lastOffset: row.last_offset,
      epoch: row.epoch,
      control: row.control > 0,
      bytes: this.#parts.join(row.base_offset, first, size),
    };
  }
}

/** An offset, and the bytes of log before it. */
interface Place {
  readonly offset: number;
  readonly position: number;
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
  return hasVoters(bytes) ? 2 : 1;
}

function hasVoters(bytes: Uint8Array): boolean {
  const [, , , type] = VOTERS_KEY;
  for (let at = bytes.indexOf(type, 3); at !== -1; at = bytes.indexOf(type, at + 1)) {
    if (VOTERS_KEY.every((byte, index) => bytes[at - 3 + index] === byte)) return true;
  }
  return false;
}
