/**
 * The two sweeps that no request asks for: leadership back to the preferred replicas, and unclean elections where a
 * topic has come to allow them (KAFKA-12670). Pure and bounded; when to run them is the shell's.
 */
import type { MetadataImage } from "../image/metadata-image.ts";
import { imbalancedPartitions, leaderlessPartitions, topicById } from "../image/topics-image.ts";
import type { PartitionChange } from "./partition-change.ts";
import { allowsUncleanElection, partitionChanger } from "./partition-rules.ts";

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

/** Elects whoever is alive for partitions that have no leader, on topics that allow it. */
export function uncleanElections(view: MetadataImage, limit: number): Sweep {
  const change = partitionChanger(view);
  const records: PartitionChange[] = [];
  for (const row of leaderlessPartitions(view.topics)) {
    if (records.length >= limit) return { records, isBounded: true };
    const topic = topicById(view.topics, row.topicId);
    if (topic === undefined || !allowsUncleanElection(view, topic.name)) continue;
    const record = change(row, {}, { election: "unclean" });
    if (record !== null) records.push(record);
  }
  return { records, isBounded: false };
}
