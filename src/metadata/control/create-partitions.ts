/**
 * CreatePartitions (KIP-195, KIP-599): topics grow. Each topic succeeds or fails as a whole: its records join the batch only
 * once all of its partitions could be placed.
 */
import {
  CreatePartitions,
  type CreatePartitionsRequest,
  type CreatePartitionsResponse,
  type MetadataRecord,
} from "../../protocol/index.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import { partitionAt, topicByName, type Topic } from "../image/topics-image.ts";
import {
  activeReplicas,
  assignmentRefusal,
  newPartitionRecord,
} from "../partitions/new-partition.ts";
import { drawsOf } from "../partitions/striped-placer.ts";
import { distinctTopics } from "./distinct-topics.ts";
import {
  RECORDS_PER_OPERATION_MAX,
  operation,
  type ControlContext,
  type ControlResult,
} from "./operation.ts";
import { NO_ERROR, EXCESSIVE_BATCH, apiError, type ApiError } from "./api-error.ts";
import { MutationCharge } from "./mutation-charge.ts";
import { growthViolation } from "./policies.ts";
import {
  Placements,
  allInactive,
  placed,
  type PartitionPlan,
  type PlannedPartition,
} from "./topic-plan.ts";

type RequestedTopic = CreatePartitionsRequest["topics"][number];

/** From this version on clients know that a quota refuses. */
const QUOTA_IS_STRICT_FROM = 3;

export const createPartitions = operation(CreatePartitions, { kind: "write", run });

function run(
  view: MetadataImage,
  request: CreatePartitionsRequest,
  context: ControlContext,
): ControlResult<CreatePartitionsResponse> {
  const topics = distinctTopics(request.topics);
  const charge = new MutationCharge(view, context, QUOTA_IS_STRICT_FROM);
  const answer = (
    records: readonly MetadataRecord[],
    outcomeOf: (name: string) => ApiError,
  ): ControlResult<CreatePartitionsResponse> => ({
    records,
    response: {
      throttleTimeMs: charge.throttleTimeMs,
      results: Array.from(topics.keys(), (name) => ({ name, ...outcomeOf(name) })),
    },
    ...charge.softState,
  });
  const placements = new Placements(view, drawsOf(context.random));
  const records: MetadataRecord[] = [];
  const outcomes = new Map<string, ApiError>();
  for (const [name, topic] of topics) {
    const room = RECORDS_PER_OPERATION_MAX - records.length;
    const grown =
      (topic === null ? null : growthViolation(context.config.policies, name, topic.count)) ??
      growTopic(view, topic, { placements, charge, room });
    if (grown === EXCESSIVE_BATCH) return answer([], () => EXCESSIVE_BATCH);
    if ("errorCode" in grown) outcomes.set(name, grown);
    else records.push(...grown);
  }
  return answer(request.validateOnly ? [] : records, (name) => outcomes.get(name) ?? NO_ERROR);
}

/** What the topics of one request share. */
interface Batch {
  readonly placements: Placements;
  readonly charge: MutationCharge;
  /** How many records it can still have. */
  readonly room: number;
}

/** The records of the topic's new partitions, or why it cannot have them. */
function growTopic(
  view: MetadataImage,
  asked: RequestedTopic | null,
  { placements, charge, room }: Batch,
): readonly MetadataRecord[] | ApiError {
  if (asked === null) return apiError("INVALID_REQUEST", "Duplicate topic name.");
  const topic = topicByName(view.topics, asked.name);
  if (topic === undefined) return apiError("UNKNOWN_TOPIC_OR_PARTITION", null);
  const fault = countFault(topic, asked);
  if (fault !== null) return fault;
  const additional = asked.count - topic.partitionCount;
  // Before anything is placed: a request for a billion partitions must not be laid out first.
  if (additional > room) return EXCESSIVE_BATCH;
  const unpaid = charge.take(additional);
  if (unpaid !== null) return unpaid;
  const replicationFactor = partitionAt(view.topics, topic.id, 0)?.replicas.length ?? 0;
  const plan =
    asked.assignments === null
      ? placed(view, { partitionCount: additional, replicationFactor }, placements)
      : placements.take(additional * replicationFactor)
        ? planByHand(view, topic, asked.assignments, replicationFactor)
        : EXCESSIVE_BATCH;
  if (!("planned" in plan)) return plan;
  return plan.planned.map((partition, index) =>
    newPartitionRecord(view, {
      topicId: topic.id,
      partitionId: topic.partitionCount + index,
      ...partition,
    }),
  );
}

function countFault(topic: Topic, asked: RequestedTopic): ApiError | null {
  const { name, count, assignments } = asked;
  const current = topic.partitionCount;
  if (count === current) {
    return apiError("INVALID_PARTITIONS", `Topic already has ${current} partition(s).`);
  }
  if (count < current) {
    return apiError(
      "INVALID_PARTITIONS",
      `The topic ${name} currently has ${current} partition(s); ${count} would not be an increase.`,
    );
  }
  const additional = count - current;
  if (assignments === null || assignments.length === additional) return null;
  return apiError(
    "INVALID_REPLICA_ASSIGNMENT",
    `Attempted to add ${additional} additional partition(s), but only ${assignments.length} ` +
      "assignment(s) were specified.",
  );
}

function planByHand(
  view: MetadataImage,
  topic: Topic,
  assignments: readonly { readonly brokerIds: readonly number[] }[],
  replicationFactor: number,
): PartitionPlan {
  const planned: PlannedPartition[] = [];
  for (const [index, { brokerIds }] of assignments.entries()) {
    const refusal = assignmentRefusal(view, brokerIds, replicationFactor);
    if (refusal !== null) return apiError("INVALID_REPLICA_ASSIGNMENT", refusal);
    const isr = activeReplicas(view, brokerIds);
    if (isr.length === 0) return allInactive(topic.partitionCount + index);
    planned.push({ replicas: brokerIds, isr });
  }
  return { planned };
}
