/**
 * One partition as a plain value: what a row of the partition table says when it is read. Its state evolves in
 * one way only, by merging a PartitionChangeRecord (KIP-631); who may write such a record is not decided here.
 */
import { assert } from "../../std/assert.ts";
import {
  MIGRATING_DIRECTORY,
  type PartitionChangeRecord,
  type PartitionRecord,
  type Uuid,
} from "../../protocol/index.ts";

/**
 * `directories` is as long as `replicas`; every other list is what the record said. `leader` is -1 when no replica
 * leads. Both epochs only grow.
 */
export interface Partition {
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
  readonly removingReplicas: readonly number[];
  readonly addingReplicas: readonly number[];
  /** The log directory of each replica, in the order of `replicas` (KIP-858). */
  readonly directories: readonly Uuid[];
  readonly leader: number;
  /** 0 recovered, 1 recovering from an unclean election (KIP-704). */
  readonly leaderRecoveryState: number;
  readonly leaderEpoch: number;
  readonly partitionEpoch: number;
  /** KIP-966: outside the ISR, yet certain to hold every committed record. */
  readonly eligibleLeaderReplicas: readonly number[];
  /** KIP-966: the last leader of a partition that has none. */
  readonly lastKnownElr: readonly number[];
}

/** In a PartitionChangeRecord: the leader, and with it the leader epoch, stays. */
export const LEADER_UNCHANGED = -2;
const RECOVERY_UNCHANGED = -1;

/** Whether replicas are being added or removed (KIP-455). */
export const isReassigning = ({
  addingReplicas,
  removingReplicas,
}: Pick<Partition, "addingReplicas" | "removingReplicas">): boolean =>
  addingReplicas.length > 0 || removingReplicas.length > 0;

/** As Kafka counts it (`Partition.isUnderReplicated`): a replica that is being added need not be in sync yet. */
export const isUnderReplicated = ({ isr, replicas, addingReplicas }: Partition): boolean =>
  isr.length < replicas.length - addingReplicas.length;

/** The partition that a PartitionRecord describes. */
export function partitionOf(record: PartitionRecord): Partition {
  return {
    replicas: record.replicas,
    isr: record.isr,
    removingReplicas: record.removingReplicas,
    addingReplicas: record.addingReplicas,
    directories: directoriesFor(record.replicas, record.directories),
    leader: record.leader,
    leaderRecoveryState: record.leaderRecoveryState,
    leaderEpoch: record.leaderEpoch,
    partitionEpoch: record.partitionEpoch,
    eligibleLeaderReplicas: record.eligibleLeaderReplicas ?? [],
    lastKnownElr: record.lastKnownElr ?? [],
  };
}

/** The partition after `change`. Naming a leader, even the present one, begins a new leader epoch. */
export function mergePartition(partition: Partition, change: PartitionChangeRecord): Partition {
  const replicas = change.replicas ?? partition.replicas;
  const keepsLeader = change.leader === LEADER_UNCHANGED;
  return {
    replicas,
    isr: change.isr ?? partition.isr,
    removingReplicas: change.removingReplicas ?? partition.removingReplicas,
    addingReplicas: change.addingReplicas ?? partition.addingReplicas,
    directories: directoriesFor(replicas, change.directories ?? partition.directories),
    leader: keepsLeader ? partition.leader : change.leader,
    leaderRecoveryState:
      change.leaderRecoveryState === RECOVERY_UNCHANGED
        ? partition.leaderRecoveryState
        : change.leaderRecoveryState,
    leaderEpoch: keepsLeader ? partition.leaderEpoch : partition.leaderEpoch + 1,
    partitionEpoch: partition.partitionEpoch + 1,
    eligibleLeaderReplicas: change.eligibleLeaderReplicas ?? partition.eligibleLeaderReplicas,
    lastKnownElr: change.lastKnownElr ?? partition.lastKnownElr,
  };
}

/** Below 3.7-IV2 no record names directories: then every replica's is unknown, however many there are. */
function directoriesFor(
  replicas: readonly number[],
  directories: readonly Uuid[],
): readonly Uuid[] {
  if (directories.every((id) => id === MIGRATING_DIRECTORY)) {
    return replicas.map(() => MIGRATING_DIRECTORY);
  }
  assert(
    directories.length === replicas.length,
    `${directories.length} directories were recorded for ${replicas.length} replicas`,
  );
  return directories;
}
