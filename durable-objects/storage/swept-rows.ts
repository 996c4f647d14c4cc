/**
 * Rows that nothing reads any more, removed a few at a time: however many there are, no event is a long one. A row of a
 * mebibyte takes as long as thousands of small ones, for its pages are freed one by one, so bytes count as well as
 * rows.
 */

/** A table whose rows hold `bytes`, and its integer primary key. */
export interface ByteRows {
  readonly table: string;
  readonly key: string;
}

/** What may still be removed in this event. It is used up. */
export interface SweepBudget {
  rows: number;
  bytes: number;
}

/** About 5 ms of freed pages. */
const SWEPT_BYTES_MAX = 8 * 1024 * 1024;

export const sweepBudget = (rowsMax: number): SweepBudget => ({
  rows: rowsMax,
  bytes: SWEPT_BYTES_MAX,
});

/**
 * Removes the first rows of a key range, `below` exclusive, while the budget lasts; true when the range is empty then.
 */
export function sweepRows(
  sql: SqlStorage,
  { table, key }: ByteRows,
  range: { readonly from: number; readonly below: number },
  budget: SweepBudget,
): boolean {
  const rows = sql
    .exec<{ id: number; size: number }>(
      `SELECT ${key} AS id, length(bytes) AS size FROM ${table} WHERE ${key} >= ? AND ${key} < ? ORDER BY ${key} LIMIT ?`,
      range.from,
      range.below,
      budget.rows + 1,
    )
    .toArray();
  let last: number | null = null;
  let isEmpty = true;
  for (const { id, size } of rows) {
    isEmpty = budget.rows > 0 && budget.bytes > 0;
    if (!isEmpty) break;
    budget.rows -= 1;
    budget.bytes -= size;
    last = id;
  }
  if (last !== null)
    sql.exec(`DELETE FROM ${table} WHERE ${key} >= ? AND ${key} <= ?`, range.from, last);
  return isEmpty;
}
