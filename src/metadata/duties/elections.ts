/**
 * What the two sweeps over partitions share: an election for each partition in question, as many as one batch holds.
 */
import { BoundedBatch } from "../control/batch-bound.ts";
import type { ControlResult } from "../control/operation.ts";
import type { PartitionRow } from "../image/topics-image.ts";
import type { PartitionChange } from "../partitions/partition-change.ts";

export interface SweepReport {
  /** The bound of one batch was met: run again at once, more is left. */
  readonly isBounded: boolean;
}

/** The records of `elect` for these rows; null where nothing changes. */
export function sweep(
  rows: Iterable<PartitionRow>,
  elect: (row: PartitionRow) => PartitionChange | null,
): ControlResult<SweepReport> {
  const batch = new BoundedBatch();
  const isWhole = batch.take(changed(rows, elect));
  return { records: batch.records, response: { isBounded: !isWhole } };
}

function* changed(
  rows: Iterable<PartitionRow>,
  elect: (row: PartitionRow) => PartitionChange | null,
): Generator<PartitionChange, void, undefined> {
  for (const row of rows) {
    const record = elect(row);
    if (record !== null) yield record;
  }
}
