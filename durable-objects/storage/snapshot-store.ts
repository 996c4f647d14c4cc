/**
 * Snapshots: Kafka's checkpoint files (KIP-630), cut into chunks of at most a mebibyte, each a row with a checksum of
 * its own. The row of a chunk is named by where it begins, so the chunk that holds a byte is one look-up.
 *
 * One is listed once it is whole. What is dropped is gone at once for every reader, and its rows go when they are
 * swept; the row of the snapshot goes last, so that no later one can have its number, and with that its chunks.
 *
 * Callers open the transaction.
 */
import { crc32c } from "../../src/protocol/index.ts";
import {
  SNAPSHOT_BYTES_MAX,
  type SnapshotId,
  type SnapshotRange,
  type StoredSnapshot,
} from "../../src/raft/index.ts";
import { assert } from "../../src/std/assert.ts";
import type { SnapshotStore, UnfinishedSnapshot } from "../replica/ports.ts";
import { sweepBudget, sweepRows } from "./swept-rows.ts";

/** `state` says of an unfinished one of which kind it is: `made` or `fetched`. */
export const SNAPSHOT_TABLES: readonly string[] = [
  `CREATE TABLE snapshots (
    serial INTEGER PRIMARY KEY,
    end_offset INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    size INTEGER NOT NULL DEFAULT 0,
    timestamp_ms INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL CHECK (state IN ('made', 'fetched', 'whole', 'dropped'))
  ) STRICT`,
  `CREATE TABLE snapshot_chunks (
    id INTEGER PRIMARY KEY,
    crc INTEGER NOT NULL,
    bytes BLOB NOT NULL
  ) STRICT`,
];

/** Production refuses a row over 2 MB, which local workerd does not. */
const CHUNK_BYTES_MAX = 1024 * 1024;
/** A chunk's id is `serial × 2^32 + position`. */
const SIZE_MAX = SNAPSHOT_BYTES_MAX;

export class SqlSnapshotStore implements SnapshotStore {
  readonly chunkBytesMax = CHUNK_BYTES_MAX;
  readonly snapshotBytesMax = SIZE_MAX;
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  list(): readonly StoredSnapshot[] {
    return this.#sql
      .exec<SnapshotRow>("SELECT * FROM snapshots WHERE state = 'whole' ORDER BY end_offset")
      .toArray()
      .map((row) => ({
        endOffset: row.end_offset,
        epoch: row.epoch,
        size: row.size,
        timestampMs: row.timestamp_ms,
      }));
  }

  begin(kind: UnfinishedSnapshot, { endOffset, epoch }: SnapshotId): void {
    this.abandon(kind);
    this.#sql.exec(
      `INSERT INTO snapshots (serial, end_offset, epoch, state) VALUES (
         (SELECT min(free) FROM (SELECT 1 AS free UNION ALL SELECT serial + 1 FROM snapshots)
          WHERE free NOT IN (SELECT serial FROM snapshots)),
         ?, ?, ?)`,
      endOffset,
      epoch,
      kind,
    );
  }

  /** Every call makes chunks of its own: a row that is filled up later is written, and billed, again. */
  append(kind: UnfinishedSnapshot, bytes: Uint8Array): void {
    const { serial } = this.#begun(kind);
    const end = this.#end(serial);
    assert(end + bytes.byteLength <= SIZE_MAX, `a snapshot of more than ${SIZE_MAX} bytes`);
    for (let at = 0; at < bytes.byteLength; at += CHUNK_BYTES_MAX) {
      const chunk = bytes.subarray(at, at + CHUNK_BYTES_MAX);
      this.#sql.exec(
        "INSERT INTO snapshot_chunks (id, crc, bytes) VALUES (?, ?, ?)",
        serial * SIZE_MAX + end + at,
        crc32c(chunk),
        chunk,
      );
    }
  }

  complete(kind: UnfinishedSnapshot, snapshot: StoredSnapshot): void {
    const { serial, end_offset: endOffset, epoch } = this.#begun(kind);
    assert(
      endOffset === snapshot.endOffset && epoch === snapshot.epoch,
      `the snapshot begun is ${endOffset}-${epoch}, not ${snapshot.endOffset}-${snapshot.epoch}`,
    );
    const size = this.#end(serial);
    assert(size === snapshot.size, `a snapshot of ${snapshot.size} bytes has ${size}`);
    assert(this.#whole(snapshot) === null, `the snapshot ${endOffset}-${epoch} is whole already`);
    this.#sql.exec(
      "UPDATE snapshots SET state = 'whole', size = ?, timestamp_ms = ? WHERE serial = ?",
      size,
      snapshot.timestampMs,
      serial,
    );
  }

  abandon(kind: UnfinishedSnapshot): void {
    this.#sql.exec("UPDATE snapshots SET state = 'dropped' WHERE state = ?", kind);
  }

  dropBelow(offset: number): void {
    this.#sql.exec(
      "UPDATE snapshots SET state = 'dropped' WHERE state = 'whole' AND end_offset < ?",
      offset,
    );
  }

  read({ id, position, maxBytes }: SnapshotRange): Uint8Array | null {
    const row = this.#whole(id);
    assert(
      row !== null && position < row.size,
      `there is no byte ${position} of a snapshot ${id.endOffset}-${id.epoch}`,
    );
    return this.#readChunk(row.serial, position)?.subarray(0, maxBytes) ?? null;
  }

  readUnfinished(kind: UnfinishedSnapshot, position: number): Uint8Array | null {
    const { serial } = this.#begun(kind);
    return position < this.#end(serial) ? this.#readChunk(serial, position) : new Uint8Array(0);
  }

  sweep(rowsMax: number): boolean {
    const budget = sweepBudget(rowsMax);
    const dropped = this.#sql
      .exec<{ serial: number }>(
        "SELECT serial FROM snapshots WHERE state = 'dropped' ORDER BY serial",
      )
      .toArray();
    for (const { serial } of dropped) {
      const range = { from: serial * SIZE_MAX, below: (serial + 1) * SIZE_MAX };
      const chunks = { table: "snapshot_chunks", key: "id" };
      if (!sweepRows(this.#sql, chunks, range, budget) || budget.rows === 0) return false;
      this.#sql.exec("DELETE FROM snapshots WHERE serial = ?", serial);
      budget.rows -= 1;
    }
    return true;
  }

  #begun(kind: UnfinishedSnapshot): SnapshotRow {
    const [row] = this.#sql
      .exec<SnapshotRow>("SELECT * FROM snapshots WHERE state = ?", kind)
      .toArray();
    assert(row !== undefined, `no snapshot is being ${kind}`);
    return row;
  }

  #whole({ endOffset, epoch }: SnapshotId): SnapshotRow | null {
    const [row] = this.#sql
      .exec<SnapshotRow>(
        "SELECT * FROM snapshots WHERE state = 'whole' AND end_offset = ? AND epoch = ?",
        endOffset,
        epoch,
      )
      .toArray();
    return row ?? null;
  }

  /** Where the last chunk of a snapshot ends. */
  #end(serial: number): number {
    const [last] = this.#sql
      .exec<{ id: number; size: number }>(
        `SELECT id, length(bytes) AS size FROM snapshot_chunks
         WHERE id >= ? AND id < ? ORDER BY id DESC LIMIT 1`,
        serial * SIZE_MAX,
        (serial + 1) * SIZE_MAX,
      )
      .toArray();
    return last === undefined ? 0 : last.id - serial * SIZE_MAX + last.size;
  }

  /** The rest of the chunk that holds `position`; null where it is not what was written. */
  #readChunk(serial: number, position: number): Uint8Array | null {
    const [row] = this.#sql
      .exec<{ id: number; crc: number; bytes: ArrayBuffer }>(
        "SELECT * FROM snapshot_chunks WHERE id >= ? AND id <= ? ORDER BY id DESC LIMIT 1",
        serial * SIZE_MAX,
        serial * SIZE_MAX + position,
      )
      .toArray();
    if (row === undefined) return null;
    const bytes = new Uint8Array(row.bytes);
    const from = serial * SIZE_MAX + position - row.id;
    return from < bytes.byteLength && crc32c(bytes) === row.crc ? bytes.subarray(from) : null;
  }
}

// A type alias, not an interface: the platform's row constraint wants an index signature.
type SnapshotRow = {
  serial: number;
  end_offset: number;
  epoch: number;
  size: number;
  timestamp_ms: number;
};
