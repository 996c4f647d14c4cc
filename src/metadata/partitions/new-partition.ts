/**
 * Partitions that do not exist yet: which brokers may hold them, what an operator may ask for by hand, and the record
 * that makes one.
 */
import { assert } from "../../std/assert.ts";
import type { MetadataRecord, Uuid } from "../../protocol/index.ts";
import { defaultDirectory, isActiveBroker } from "../image/cluster-image.ts";
import type { BrokerRegistration } from "../image/cluster-image.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import { MV_DIRECTORIES, partitionRecordVersion } from "../features/levels.ts";
import { RECOVERED } from "./partition-change.ts";
import { placeStriped, type Draw, type PlaceableBroker, type Placement } from "./striped-placer.ts";

/**
 * Places new partitions on the brokers that take new replicas. A broker that is shutting down counts as a fenced
 * one: it may follow, so that topics can be created while brokers roll, and it never leads.
 */
export function placePartitions(
  view: MetadataImage,
  wanted: { readonly partitionCount: number; readonly replicationFactor: number },
  draw: Draw,
): Placement {
  const brokers: PlaceableBroker[] = [];
  let leavesOutCordoned = false;
  for (const [id, broker] of view.cluster.brokers) {
    if (isCordoned(broker)) {
      leavesOutCordoned = true;
      continue;
    }
    const { rack, fenced, inControlledShutdown } = broker;
    const isActive = !fenced && !inControlledShutdown;
    brokers.push({ id, rack, isActive, inControlledShutdown });
  }
  return placeStriped({ ...wanted, brokers, leavesOutCordoned }, draw);
}

/** KIP-1066: an operator has closed all its log directories to new replicas. */
function isCordoned(broker: BrokerRegistration): boolean {
  const { logDirs, cordonedLogDirs } = broker;
  return logDirs.length > 0 && logDirs.every((directory) => cordonedLogDirs.includes(directory));
}

/** Why these replicas cannot be assigned, in Kafka's words; null when they can. `size` null: any number of them. */
export function assignmentRefusal(
  view: MetadataImage,
  replicas: readonly number[],
  size: number | null,
): string | null {
  const includes = "The manual partition assignment includes";
  if (replicas.length === 0) return `${includes} an empty replica list.`;
  const sorted = replicas.toSorted((a, b) => a - b);
  for (const [index, brokerId] of sorted.entries()) {
    const broker = view.cluster.brokers.get(brokerId);
    if (broker === undefined) {
      return `${includes} broker ${brokerId}, but no such broker is registered.`;
    }
    if (sorted[index - 1] === brokerId) {
      return `${includes} the broker ${brokerId} more than once.`;
    }
    if (isCordoned(broker)) {
      return `${includes} broker ${brokerId}, but all its log directories are cordoned.`;
    }
  }
  if (size === null || replicas.length === size) return null;
  return (
    `${includes} a partition with ${replicas.length} replica(s), but this is not consistent ` +
    `with previous partitions, which have ${size} replica(s).`
  );
}

/** The replicas that are there: a new partition's first ISR, in the order of its replicas. */
export function activeReplicas(
  view: MetadataImage,
  replicas: readonly number[],
): readonly number[] {
  return replicas.filter((brokerId) => isActiveBroker(view.cluster, brokerId));
}

export interface NewPartition {
  readonly topicId: Uuid;
  readonly partitionId: number;
  readonly replicas: readonly number[];
  /** Not empty; its first member leads. */
  readonly isr: readonly number[];
}

export function newPartitionRecord(view: MetadataImage, partition: NewPartition): MetadataRecord {
  const { metadataVersion } = view.features;
  const [leader] = partition.isr;
  assert(leader !== undefined, `partition ${partition.partitionId} is created with an ISR`);
  return {
    type: "PARTITION_RECORD",
    version: partitionRecordVersion(metadataVersion),
    data: {
      ...partition,
      removingReplicas: [],
      addingReplicas: [],
      leader,
      leaderRecoveryState: RECOVERED,
      leaderEpoch: 0,
      partitionEpoch: 0,
      directories:
        metadataVersion < MV_DIRECTORIES
          ? []
          : partition.replicas.map((id) => defaultDirectory(view.cluster, metadataVersion, id)),
      eligibleLeaderReplicas: null,
      lastKnownElr: null,
    },
  };
}
