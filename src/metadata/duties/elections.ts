/**
 * What the two sweeps over partitions share: an election for each partition in question, up to a bound.
 */
import type { ControlResult } from "../control/operation.ts";
import type { PartitionRow } from "../image/topics-image.ts";
import type { PartitionChange } from "../partitions/partition-change.ts";

/** One sweep must not hold a batch, or the brokers that apply it, for long. */
const ELECTIONS_PER_SWEEP_MAX = 1_000;

export interface SweepReport {
  /** The bound of one sweep was met: run again at once, more may be left. */
  readonly isBounded: boolean;
}

/** The records of `elect` for these rows; null where nothing changes. */
export function sweep(
  rows: Iterable<PartitionRow>,
  elect: (row: PartitionRow) => PartitionChange | null,
): ControlResult<SweepReport> {
  const records: PartitionChange[] = [];
  for (const row of rows) {
    if (records.length >= ELECTIONS_PER_SWEEP_MAX)
      return { records, response: { isBounded: true } };
    const record = elect(row);
    if (record !== null) records.push(record);
  }
  return { records, response: { isBounded: false } };
}
