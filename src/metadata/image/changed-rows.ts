/**
 * Which partitions of one topic differ between two images. A later image shares with an earlier one every chunk that
 * was not written to, so what did not change is passed over 256 rows at a time, without a look at them.
 */
import type { Partition } from "./partition.ts";
import {
  CHUNK_ROWS,
  EMPTY_CHUNK,
  rowEnd,
  rowIn,
  unpacked,
  type PartitionRows,
  type RowChunk,
} from "./partition-rows.ts";
import type { ReplicaSlots } from "./replica-slots.ts";

/** The rows of a topic and the table that their slots are numbers of. */
export interface SlottedRows {
  readonly rows: PartitionRows;
  readonly slots: ReplicaSlots;
}

/** One partition as it was and as it is; null where it was not, or is not any more. */
export interface ChangedRow {
  readonly partitionId: number;
  readonly before: Partition | null;
  readonly after: Partition | null;
}

/**
 * In the order of partitions. `hasOneTable`: the later table of slots extends the earlier one, as it does where one
 * image came about from the other, so rows can be compared as they are packed. Without it every row is unpacked, and
 * rows that say the same are among the changed ones.
 */
export function* changedRows(
  before: SlottedRows,
  after: SlottedRows,
  hasOneTable: boolean,
): Generator<ChangedRow, void, undefined> {
  if (hasOneTable && before.rows === after.rows) return;
  const chunks = Math.max(before.rows.chunks.length, after.rows.chunks.length);
  for (let number = 0; number < chunks; number += 1) {
    const old = before.rows.chunks[number] ?? EMPTY_CHUNK;
    const now = after.rows.chunks[number] ?? EMPTY_CHUNK;
    if (hasOneTable && old === now) continue;
    for (let index = 0; index < CHUNK_ROWS; index += 1) {
      const was = rowIn(old, index);
      const is = rowIn(now, index);
      if (was === 0 && is === 0) continue;
      if (hasOneTable && isSameRow(old, was, now, is)) continue;
      yield {
        partitionId: number * CHUNK_ROWS + index,
        before: was === 0 ? null : unpacked(old, was, before.slots),
        after: is === 0 ? null : unpacked(now, is, after.slots),
      };
    }
  }
}

function isSameRow(old: RowChunk, was: number, now: RowChunk, is: number): boolean {
  if (was === 0 || is === 0) return false;
  const length = rowEnd(old, was) - was;
  if (length !== rowEnd(now, is) - is) return false;
  for (let word = 0; word < length; word += 1) {
    if (old[was + word] !== now[is + word]) return false;
  }
  return true;
}
