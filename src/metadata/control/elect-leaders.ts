/**
 * ElectLeaders (KIP-460): an operator asks for elections, preferred or unclean. An unclean one asks nobody's
 * configuration: the operator has chosen to lose records rather than to wait.
 */
import {
  ElectLeaders,
  ErrorCode,
  type ElectLeadersRequest,
  type ElectLeadersResponse,
  type MetadataRecord,
  type PartitionChangeRecord,
  type Uuid,
} from "../../protocol/index.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import {
  imbalancedPartitions,
  leaderlessPartitions,
  partitionAt,
  topicById,
  topicByName,
  type PartitionRow,
} from "../image/topics-image.ts";
import { LEADER_UNCHANGED } from "../image/partition.ts";
import type { Election } from "../partitions/leader-election.ts";
import { partitionChanger, type ChangePartition } from "../partitions/partition-rules.ts";
import {
  RECORDS_PER_OPERATION_MAX,
  operation,
  type ControlContext,
  type ControlResult,
} from "./operation.ts";
import { NO_ERROR, EXCESSIVE_BATCH, apiError, type ApiError } from "./api-error.ts";

type TopicResult = ElectLeadersResponse["replicaElectionResults"][number];
type PartitionResult = TopicResult["partitionResult"][number];
type Wanted = "preferred" | "unclean";

const ELECTION_TYPES: ReadonlyMap<number, Wanted> = new Map([
  [0, "preferred"],
  [1, "unclean"],
]);

export const electLeaders = operation(ElectLeaders, { kind: "write", run });

function run(
  view: MetadataImage,
  request: ElectLeadersRequest,
  context: ControlContext,
): ControlResult<ElectLeadersResponse> {
  // Version 0 knows preferred elections only, and decodes to type 0. Kafka looks at no type where no partition is named.
  const isEmpty = request.topicPartitions?.length === 0;
  const wanted = isEmpty ? "preferred" : ELECTION_TYPES.get(request.electionType);
  if (wanted === undefined) {
    const message = `Unknown election type ${request.electionType}`;
    return refusedEverywhere(request, apiError("INVALID_REQUEST", message), context);
  }
  const elections = new Elections(view, wanted);
  const results =
    request.topicPartitions === null
      ? elections.everywhere()
      : request.topicPartitions.map(({ topic, partitions }) => elections.at(topic, partitions));
  if (!elections.isExcessive) {
    const response = {
      throttleTimeMs: 0,
      errorCode: ErrorCode.NONE,
      replicaElectionResults: results,
    };
    return { records: elections.records, response };
  }
  return refusedEverywhere(request, EXCESSIVE_BATCH, context);
}

/** Each partition that is named carries the error, since version 0 has none of the whole. */
function refusedEverywhere(
  request: ElectLeadersRequest,
  outcome: ApiError,
  { apiVersion }: ControlContext,
): ControlResult<ElectLeadersResponse> {
  const replicaElectionResults = (request.topicPartitions ?? []).map(({ topic, partitions }) => ({
    topic,
    partitionResult: partitions.map((partitionId) => ({ partitionId, ...outcome })),
  }));
  const errorCode = apiVersion === 0 ? ErrorCode.NONE : outcome.errorCode;
  return { records: [], response: { throttleTimeMs: 0, errorCode, replicaElectionResults } };
}

/** The elections of one request, and the records that they come to. */
class Elections {
  readonly records: MetadataRecord[] = [];
  readonly #view: MetadataImage;
  readonly #wanted: Wanted;
  readonly #change: ChangePartition;
  /** A partition named twice is elected once; the second time nothing is needed. */
  readonly #elected = new Set<string>();

  constructor(view: MetadataImage, wanted: Wanted) {
    this.#view = view;
    this.#wanted = wanted;
    this.#change = partitionChanger(view);
  }

  /** More than one batch: the whole request is refused, and nothing more is worked out for it. */
  get isExcessive(): boolean {
    return this.records.length > RECORDS_PER_OPERATION_MAX;
  }

  /** All partitions that need an election; others are not mentioned. */
  everywhere(): TopicResult[] {
    const { topics } = this.#view;
    const needy = this.#wanted === "preferred" ? imbalancedPartitions : leaderlessPartitions;
    const results = new Map<Uuid, PartitionResult[]>();
    for (const row of needy(topics)) {
      const { topicId, partitionId } = row;
      const ofTopic = results.get(topicId) ?? [];
      ofTopic.push({ partitionId, ...this.#elect(row) });
      results.set(topicId, ofTopic);
      if (this.isExcessive) break;
    }
    return Array.from(results, ([topicId, partitionResult]) => ({
      topic: topicById(topics, topicId)?.name ?? "",
      partitionResult,
    }));
  }

  at(topic: string, partitions: readonly number[]): TopicResult {
    const partitionResult = partitions.map((partitionId) => ({
      partitionId,
      ...this.#electAt(topic, partitionId),
    }));
    return { topic, partitionResult };
  }

  #electAt(name: string, partitionId: number): ApiError {
    if (this.isExcessive) return EXCESSIVE_BATCH;
    const topic = topicByName(this.#view.topics, name);
    if (topic === undefined) {
      return apiError("UNKNOWN_TOPIC_OR_PARTITION", `No such topic as ${name}`);
    }
    const partition = partitionAt(this.#view.topics, topic.id, partitionId);
    if (partition === undefined) {
      const message = `No such partition as ${name}-${partitionId}`;
      return apiError("UNKNOWN_TOPIC_OR_PARTITION", message);
    }
    const key = `${topic.id}:${partitionId}`;
    if (this.#elected.has(key)) return NOT_NEEDED;
    const outcome = this.#elect({ topicId: topic.id, partitionId, partition });
    if (outcome === NO_ERROR) this.#elected.add(key);
    return outcome;
  }

  #elect(row: PartitionRow): ApiError {
    const { leader, replicas } = row.partition;
    const isNeeded = this.#wanted === "preferred" ? leader !== replicas[0] : leader === -1;
    if (!isNeeded) return NOT_NEEDED;
    const election: Election = this.#wanted;
    const record = this.#change(row, {}, { election });
    if (record === null || changesEligibleAlone(record.data)) {
      return this.#wanted === "preferred" ? NO_PREFERRED : NO_ELIGIBLE;
    }
    this.records.push(record);
    return NO_ERROR;
  }
}

/**
 * Nobody was elected, and no move completed. Brokers that are eligible without a replica, as Kafka's log may have them
 * (KIP-966), are no reason to say that somebody was: whatever else changes the partition takes them away.
 */
const changesEligibleAlone = (change: PartitionChangeRecord): boolean =>
  change.leader === LEADER_UNCHANGED &&
  change.isr === null &&
  change.removingReplicas === null &&
  change.addingReplicas === null;

const NOT_NEEDED: ApiError = apiError(
  "ELECTION_NOT_NEEDED",
  "Leader election not needed for topic partition.",
);
const NO_PREFERRED: ApiError = apiError(
  "PREFERRED_LEADER_NOT_AVAILABLE",
  "The preferred leader was not available.",
);
const NO_ELIGIBLE: ApiError = apiError(
  "ELIGIBLE_LEADERS_NOT_AVAILABLE",
  "Eligible topic partition leaders are not available.",
);
