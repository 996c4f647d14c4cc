/**
 * What a record batch has beyond its first mebibyte. A batch may have as many bytes as Kafka's, and a row may not: the
 * log's row keeps the beginning, and each further mebibyte is a row here.
 */
import { sweepRows, type SweepBudget } from "./swept-rows.ts";

export const LOG_PARTS_TABLES: readonly string[] = [
  "CREATE TABLE log_parts (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT",
];

/** The most of a batch that one row holds. Production refuses a row over 2 MB, which local workerd does not. */
export const PART_BYTES = 1024 * 1024;
/** A part's id is `base offset × 16 + part`; the row in the log is part 0. Kafka's largest batch has 8. */
const PARTS_MAX = 16;

export class LogParts {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Keeps what the log's row does not hold of a batch. */
  append(baseOffset: number, bytes: Uint8Array): void {
    for (let part = 1; part * PART_BYTES < bytes.byteLength; part += 1) {
      const from = part * PART_BYTES;
      this.#sql.exec(
        "INSERT INTO log_parts (id, bytes) VALUES (?, ?)",
        baseOffset * PARTS_MAX + part,
        bytes.subarray(from, from + PART_BYTES),
      );
    }
  }

  /** How many bytes it keeps of the batch that begins at `baseOffset`. */
  size(baseOffset: number): number {
    const row = this.#sql
      .exec<{ size: number }>(
        "SELECT coalesce(sum(length(bytes)), 0) AS size FROM log_parts WHERE id > ? AND id < ?",
        baseOffset * PARTS_MAX,
        (baseOffset + 1) * PARTS_MAX,
      )
      .one();
    return row.size;
  }

  /** The whole batch of `size` bytes that begins at `baseOffset` with `first`. */
  join(baseOffset: number, first: Uint8Array, size: number): Uint8Array {
    if (first.byteLength === size) return first;
    const joined = new Uint8Array(size);
    joined.set(first);
    let position = first.byteLength;
    const parts = this.#sql.exec<{ bytes: ArrayBuffer }>(
      "SELECT bytes FROM log_parts WHERE id > ? AND id < ? ORDER BY id",
      baseOffset * PARTS_MAX,
      (baseOffset + 1) * PARTS_MAX,
    );
    for (const { bytes } of parts) {
      joined.set(new Uint8Array(bytes), position);
      position += bytes.byteLength;
    }
    return joined;
  }

  /** Removes the parts of every batch at or above `offset`. */
  truncateTo(offset: number): void {
    this.#sql.exec("DELETE FROM log_parts WHERE id >= ?", offset * PARTS_MAX);
  }

  /** Removes parts of batches below `offset`, while the budget lasts; true when none is left. */
  sweep(offset: number, budget: SweepBudget): boolean {
    const range = { from: 0, below: offset * PARTS_MAX };
    return sweepRows(this.#sql, { table: "log_parts", key: "id" }, range, budget);
  }
}
