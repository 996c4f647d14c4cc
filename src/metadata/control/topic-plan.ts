/**
 * The partitions of a topic to be created, by hand or by the placer: the half of CreateTopics that asks who could
 * hold them. It writes nothing.
 */
import { BATCH_BYTES_MAX, type CreateTopicsRequest } from "../../protocol/index.ts";
import { MV_DIRECTORIES } from "../features/levels.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import { activeReplicas, assignmentRefusal, placePartitions } from "../partitions/new-partition.ts";
import type { Draw } from "../partitions/striped-placer.ts";
import { EXCESSIVE_BATCH, apiError, type ApiError } from "./api-error.ts";

type RequestedTopic = CreateTopicsRequest["topics"][number];

export interface PlannedPartition {
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
}

/** Partitions in the order of their numbers, or why there can be none: `EXCESSIVE_BATCH` where that holds for all. */
export type PartitionPlan = { readonly planned: readonly PlannedPartition[] } | ApiError;

/** What the partitions of one request share: the draws of the placer, and how many replicas they may have yet. */
export class Placements {
  readonly draw: Draw;
  #left: number;

  constructor(view: MetadataImage, draw: Draw) {
    this.draw = draw;
    this.#left = replicasMax(view);
  }

  /** Takes room for so many replicas; false if their records would not fit the batch. */
  take(replicas: number): boolean {
    this.#left -= replicas;
    return this.#left >= 0;
  }
}

/** A replica takes four bytes of its partition's record, or twenty with its directory, and there is more in it. */
const replicasMax = (view: MetadataImage): number =>
  BATCH_BYTES_MAX / (view.features.metadataVersion < MV_DIRECTORIES ? 4 : 20);

/** What -1 in a request stands for. */
export interface TopicDefaults {
  readonly numPartitions: number;
  readonly defaultReplicationFactor: number;
}

export function planPartitions(
  view: MetadataImage,
  topic: RequestedTopic,
  defaults: TopicDefaults,
  placements: Placements,
): PartitionPlan {
  return topic.assignments.length > 0
    ? planByHand(view, topic, placements)
    : planByPlacer(view, topic, defaults, placements);
}

function planByHand(
  view: MetadataImage,
  topic: RequestedTopic,
  placements: Placements,
): PartitionPlan {
  const specified = "A manual partition assignment was specified, but";
  if (topic.replicationFactor !== -1) {
    return apiError("INVALID_REQUEST", `${specified} replication factor was not set to -1.`);
  }
  if (topic.numPartitions !== -1) {
    return apiError("INVALID_REQUEST", `${specified} numPartitions was not set to -1.`);
  }
  const byIndex = new Map<number, PlannedPartition>();
  let size: number | null = null;
  for (const { partitionIndex, brokerIds } of topic.assignments) {
    if (byIndex.has(partitionIndex)) {
      const message = `Found multiple manual partition assignments for partition ${partitionIndex}`;
      return apiError("INVALID_REPLICA_ASSIGNMENT", message);
    }
    const refusal = assignmentRefusal(view, brokerIds, size);
    if (refusal !== null) return apiError("INVALID_REPLICA_ASSIGNMENT", refusal);
    if (!placements.take(brokerIds.length)) return EXCESSIVE_BATCH;
    size = brokerIds.length;
    const isr = activeReplicas(view, brokerIds);
    if (isr.length === 0) return allInactive(partitionIndex);
    byIndex.set(partitionIndex, { replicas: brokerIds, isr });
  }
  const planned: PlannedPartition[] = [];
  for (let index = 0; index < byIndex.size; index++) {
    const partition = byIndex.get(index);
    if (partition === undefined) {
      const message = "partitions should be a consecutive 0-based integer sequence";
      return apiError("INVALID_REPLICA_ASSIGNMENT", message);
    }
    planned.push(partition);
  }
  return { planned };
}

/** No replica of a partition assigned by hand could lead it. */
export function allInactive(partitionId: number): ApiError {
  return apiError(
    "INVALID_REPLICA_ASSIGNMENT",
    "All brokers specified in the manual partition assignment for partition " +
      `${partitionId} are fenced or in controlled shutdown.`,
  );
}

function planByPlacer(
  view: MetadataImage,
  topic: RequestedTopic,
  defaults: TopicDefaults,
  placements: Placements,
): PartitionPlan {
  const { replicationFactor: askedFactor, numPartitions: askedCount } = topic;
  if (askedFactor < -1 || askedFactor === 0) {
    const message = "Replication factor must be larger than 0, or -1 to use the default value.";
    return apiError("INVALID_REPLICATION_FACTOR", message);
  }
  if (askedCount < -1 || askedCount === 0) {
    const message = "Number of partitions was set to an invalid non-positive value.";
    return apiError("INVALID_PARTITIONS", message);
  }
  const replicationFactor = askedFactor === -1 ? defaults.defaultReplicationFactor : askedFactor;
  const partitionCount = askedCount === -1 ? defaults.numPartitions : askedCount;
  const plan = placed(view, { replicationFactor, partitionCount }, placements);
  if ("planned" in plan || plan === EXCESSIVE_BATCH) return plan;
  const message = `Unable to replicate the partition ${replicationFactor} time(s): ${plan.errorMessage}`;
  return { ...plan, errorMessage: message };
}

/** Partitions where the placer puts them, or Kafka's words for there being no place. */
export function placed(
  view: MetadataImage,
  wanted: { readonly partitionCount: number; readonly replicationFactor: number },
  placements: Placements,
): PartitionPlan {
  const { partitionCount, replicationFactor } = wanted;
  // Before anything is placed, and only where there is a place: else the placer says why there is none.
  if (replicationFactor <= view.cluster.brokers.size) {
    if (!placements.take(partitionCount * replicationFactor)) return EXCESSIVE_BATCH;
  }
  const placement = placePartitions(view, wanted, placements.draw);
  if (placement.kind === "refused") {
    return apiError("INVALID_REPLICATION_FACTOR", placement.reason);
  }
  const planned = placement.partitions.map((replicas) => ({
    replicas,
    isr: activeReplicas(view, replicas),
  }));
  return { planned };
}
