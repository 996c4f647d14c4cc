/**
 * The two sweeps that no request asks for: leadership back to the preferred replicas, and unclean elections where a
 * topic has come to allow them (KAFKA-12670). Pure and bounded; when to run them is the shell's.
 */
import type { MetadataImage } from "../image/metadata-image.ts";
import { imbalancedPartitions, leaderlessPartitions } from "../image/topics-image.ts";
import type { PartitionChange } from "./partition-change.ts";
import { partitionChanger } from "./partition-rules.ts";

/** One sweep must not hold a batch, or the brokers that apply it, for long. */
export const ELECTIONS_PER_SWEEP_MAX = 1_000;

export interface Sweep {
  readonly records: readonly PartitionChange[];
  /** The bound was met: run again at once, more may be left. */
  readonly isBounded: boolean;
}

/** Moves leadership to the first replica wherever that one is in sync and there. */
export function electionsForBalance(view: MetadataImage, limit: number): Sweep {
  const change = partitionChanger(view);
  const records: PartitionChange[] = [];
  for (const row of imbalancedPartitions(view.topics)) {
    if (records.length >= limit) return { records, isBounded: true };
    const record = change(row, {}, { election: "preferred" });
    if (record !== null) records.push(record);
  }
  return { records, isBounded: false };
}

/**
 * Elects for partitions without a leader: a clean one, or whoever is alive where the topic allows it. A clean one
 * can be left to find where an unfencing met the bound of its batch.
 */
export function electionsForLeaderless(view: MetadataImage, limit: number): Sweep {
  const change = partitionChanger(view);
  const records: PartitionChange[] = [];
  for (const row of leaderlessPartitions(view.topics)) {
    if (records.length >= limit) return { records, isBounded: true };
    const record = change(row, {});
    if (record !== null) records.push(record);
  }
  return { records, isBounded: false };
}
