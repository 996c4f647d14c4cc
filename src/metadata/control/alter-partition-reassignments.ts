/**
 * AlterPartitionReassignments (KIP-455, KIP-860): where replicas are to lie from now on, or that a move under way is
 * given up. One batch, partition by partition. A move completes later, inside whatever change brings its last
 * replica into the ISR.
 */
import {
  AlterPartitionReassignments,
  type AlterPartitionReassignmentsRequest,
  type AlterPartitionReassignmentsResponse,
  type MetadataRecord,
} from "../../protocol/index.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import { isReassigning, mergePartition, type Partition } from "../image/partition.ts";
import { partitionAt, topicByName, type PartitionRow } from "../image/topics-image.ts";
import { assignmentRefusal } from "../partitions/new-partition.ts";
import { isElrEnabled } from "../partitions/min-isr.ts";
import {
  allowsUncleanElection,
  partitionChanger,
  type ChangePartition,
} from "../partitions/partition-rules.ts";
import { RECOVERING, type DesiredPartition } from "../partitions/partition-change.ts";
import { planReassignment, revertedReassignment } from "../partitions/reassignment.ts";
import {
  RECORDS_PER_OPERATION_MAX,
  operation,
  type ControlContext,
  type ControlResult,
} from "./operation.ts";
import { NO_ERROR, EXCESSIVE_BATCH, apiError, type ApiError } from "./api-error.ts";

type RequestedPartition =
  AlterPartitionReassignmentsRequest["topics"][number]["partitions"][number];

export const alterPartitionReassignments = operation(AlterPartitionReassignments, {
  kind: "write",
  run,
});

function run(
  view: MetadataImage,
  request: AlterPartitionReassignmentsRequest,
  _context: ControlContext,
): ControlResult<AlterPartitionReassignmentsResponse> {
  const { allowReplicationFactorChange } = request;
  const moves = new Moves(view, allowReplicationFactorChange);
  const responses = request.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map((asked) => ({
      partitionIndex: asked.partitionIndex,
      ...moves.ask(name, asked),
    })),
  }));
  const { isExcessive } = moves;
  const outcome = isExcessive ? EXCESSIVE_BATCH : NO_ERROR;
  return {
    records: isExcessive ? [] : moves.records,
    response: {
      throttleTimeMs: 0,
      allowReplicationFactorChange,
      errorCode: outcome.errorCode,
      errorMessage: outcome.errorMessage,
      responses: isExcessive ? [] : responses,
    },
  };
}

/** The reassignments of one request. A partition named twice is judged the second time as the first left it. */
class Moves {
  readonly records: MetadataRecord[] = [];
  readonly #view: MetadataImage;
  readonly #mayChangeFactor: boolean;
  readonly #change: ChangePartition;
  readonly #changed = new Map<string, Partition>();

  constructor(view: MetadataImage, mayChangeFactor: boolean) {
    this.#view = view;
    this.#mayChangeFactor = mayChangeFactor;
    this.#change = partitionChanger(view);
  }

  get isExcessive(): boolean {
    return this.records.length > RECORDS_PER_OPERATION_MAX;
  }

  ask(topicName: string, asked: RequestedPartition): ApiError {
    const partitionId = asked.partitionIndex;
    // The whole request is refused: nothing more is worked out for it.
    if (this.isExcessive) return EXCESSIVE_BATCH;
    const topic = topicByName(this.#view.topics, topicName);
    if (topic === undefined) {
      const message = `Unable to find a topic named ${topicName}.`;
      return apiError("UNKNOWN_TOPIC_OR_PARTITION", message);
    }
    const key = `${topic.id}:${partitionId}`;
    const partition =
      this.#changed.get(key) ?? partitionAt(this.#view.topics, topic.id, partitionId);
    if (partition === undefined) {
      const message = `Unable to find partition ${topicName}:${partitionId}.`;
      return apiError("UNKNOWN_TOPIC_OR_PARTITION", message);
    }
    const row = { topicId: topic.id, partitionId, partition };
    const wish =
      asked.replicas === null
        ? this.#givenUp(topicName, row)
        : this.#moved(partition, asked.replicas);
    if ("errorCode" in wish) return wish;
    // A move elects online whatever the topic allows: a replica that is only being added has nothing yet.
    const election = asked.replicas === null ? "configured" : "online";
    const record = this.#change(row, wish, { election });
    if (record !== null) {
      this.records.push(record);
      this.#changed.set(key, mergePartition(partition, record.data));
    }
    return NO_ERROR;
  }

  #givenUp(
    topicName: string,
    { partitionId, partition }: PartitionRow,
  ): DesiredPartition | ApiError {
    if (!isReassigning(partition)) return apiError("NO_REASSIGNMENT_IN_PROGRESS", null);
    const elr = isElrEnabled(this.#view) ? partition.eligibleLeaderReplicas : [];
    const revert = revertedReassignment(partition, { isr: partition.isr, elr });
    if (revert === null) {
      const message = "Invalid replica assignment: addingReplicas contains all replicas.";
      return apiError("INVALID_REPLICA_ASSIGNMENT", message);
    }
    const { replicas, isr, isUnclean } = revert;
    if (isUnclean && !allowsUncleanElection(this.#view, topicName)) {
      return apiError(
        "INVALID_REPLICA_ASSIGNMENT",
        `Unable to revert partition assignment for ${topicName}:${partitionId} because it would ` +
          "require an unclean leader election.",
      );
    }
    const reverted = { replicas, isr, addingReplicas: [], removingReplicas: [] };
    // Nobody who was in sync is left: the present leader has lost records, however well it is (KIP-704).
    return isUnclean ? { ...reverted, leaderRecoveryState: RECOVERING } : reverted;
  }

  #moved(partition: Partition, target: readonly number[]): DesiredPartition | ApiError {
    const refusal = assignmentRefusal(this.#view, target, null);
    if (refusal !== null) return apiError("INVALID_REPLICA_ASSIGNMENT", refusal);
    const { replicas, removingReplicas } = partition;
    // KIP-860: what a move under way removes does not count.
    const factor = replicas.filter((id) => !removingReplicas.includes(id)).length;
    if (!this.#mayChangeFactor && target.length !== factor) {
      return apiError(
        "INVALID_REPLICATION_FACTOR",
        `The replication factor is changed from ${factor} to ${target.length}`,
      );
    }
    return planReassignment(partition, target);
  }
}
