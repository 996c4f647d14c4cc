/**
 * DeleteTopics (KIP-4, KIP-516, KIP-599): topics go, by name or by id, with their partitions and configs. Replay draws that
 * consequence; the log says one record per topic. Nothing is atomic but the batch: each topic has its own answer.
 */
import {
  DeleteTopics,
  ZERO_UUID,
  type DeleteTopicsRequest,
  type DeleteTopicsResponse,
  type MetadataRecord,
  type Uuid,
} from "../../protocol/index.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import { topicById, topicByName, type Topic } from "../image/topics-image.ts";
import {
  RECORDS_PER_OPERATION_MAX,
  operation,
  type ControlContext,
  type ControlResult,
} from "./operation.ts";
import { MutationCharge } from "./mutation-charge.ts";
import { NO_ERROR, EXCESSIVE_BATCH, apiError, type ApiError } from "./api-error.ts";

type TopicResult = DeleteTopicsResponse["responses"][number];

/** What one entry of the request asks for. */
export interface AskedTopic {
  readonly name: string | null;
  readonly topicId: Uuid;
}

/** From this version on clients know that a quota refuses. */
const QUOTA_IS_STRICT_FROM = 5;

export const deleteTopics = operation(DeleteTopics, { kind: "write", run });

function run(
  view: MetadataImage,
  request: DeleteTopicsRequest,
  context: ControlContext,
): ControlResult<DeleteTopicsResponse> {
  const asked = askedTopics(request);
  const repeated = repeatedOf(view, asked);
  const charge = new MutationCharge(view, context, QUOTA_IS_STRICT_FROM);
  const records: MetadataRecord[] = [];
  const responses: TopicResult[] = [];
  for (const entry of asked) {
    const found = context.config.deleteTopicEnable
      ? findTopic(view, entry, repeated)
      : deletionDisabled(context.apiVersion);
    if ("errorCode" in found) {
      responses.push({ ...entry, ...found });
      continue;
    }
    const { partitionCount, ...topic } = found;
    const unpaid = charge.take(partitionCount);
    if (unpaid !== null) {
      responses.push({ ...topic, ...unpaid });
      continue;
    }
    records.push({ type: "REMOVE_TOPIC_RECORD", version: 0, data: { topicId: found.topicId } });
    responses.push({ ...topic, ...NO_ERROR });
  }
  if (records.length > RECORDS_PER_OPERATION_MAX) {
    const refused = asked.map((entry) => ({ ...entry, ...EXCESSIVE_BATCH }));
    const response = { throttleTimeMs: charge.throttleTimeMs, responses: refused };
    return { records: [], response, ...charge.softState };
  }
  const response = { throttleTimeMs: charge.throttleTimeMs, responses };
  return { records, response, ...charge.softState };
}

/** The entries of a request, in the order of their answers; the field that names them depends on its version. */
export function askedTopics(request: DeleteTopicsRequest): readonly AskedTopic[] {
  const byName = request.topicNames.map((name) => ({ name, topicId: ZERO_UUID }));
  return [...request.topics, ...byName];
}

/** Clients below version 3 do not know the code. */
function deletionDisabled(apiVersion: number): ApiError {
  const name = apiVersion < 3 ? "INVALID_REQUEST" : "TOPIC_DELETION_DISABLED";
  return apiError(name, "Topic deletion is disabled.");
}

export interface Repeated {
  readonly names: ReadonlySet<string>;
  readonly topicIds: ReadonlySet<Uuid>;
  /** Ids that the request names itself and by a topic's name: neither is deleted. */
  readonly idsAndNames: ReadonlySet<Uuid>;
}

export function repeatedOf(view: MetadataImage, asked: readonly AskedTopic[]): Repeated {
  const names = asked.flatMap(({ name, topicId }) =>
    name === null || topicId !== ZERO_UUID ? [] : [name],
  );
  const ids = asked.flatMap(({ name, topicId }) =>
    name === null && topicId !== ZERO_UUID ? [topicId] : [],
  );
  const repeated = twice(names);
  const named = new Set(
    names.flatMap((name) => (repeated.has(name) ? [] : [topicByName(view.topics, name)?.id])),
  );
  return {
    names: repeated,
    topicIds: twice(ids),
    idsAndNames: new Set(ids.filter((id) => named.has(id))),
  };
}

function twice<Item>(items: readonly Item[]): ReadonlySet<Item> {
  const seen = new Set<Item>();
  return new Set(items.filter((item) => seen.size === seen.add(item).size));
}

interface FoundTopic {
  readonly name: string;
  readonly topicId: Uuid;
  readonly partitionCount: number;
}

function findTopic(
  view: MetadataImage,
  { name, topicId }: AskedTopic,
  repeated: Repeated,
): FoundTopic | ApiError {
  if (name === null && topicId === ZERO_UUID) {
    return apiError("INVALID_REQUEST", "Neither topic name nor id were specified.");
  }
  if (name === null) {
    if (repeated.topicIds.has(topicId)) return apiError("INVALID_REQUEST", "Duplicate topic id.");
    if (repeated.idsAndNames.has(topicId)) return ID_AND_NAME;
    const topic = topicById(view.topics, topicId);
    if (topic !== undefined) return foundAs(topic);
    return apiError("UNKNOWN_TOPIC_ID", "This server does not host this topic ID.");
  }
  if (topicId !== ZERO_UUID) {
    return apiError("INVALID_REQUEST", "You may not specify both topic name and topic id.");
  }
  if (repeated.names.has(name)) return apiError("INVALID_REQUEST", "Duplicate topic name.");
  const topic = topicByName(view.topics, name);
  if (topic === undefined) {
    const message = "This server does not host this topic-partition.";
    return apiError("UNKNOWN_TOPIC_OR_PARTITION", message);
  }
  return repeated.idsAndNames.has(topic.id) ? ID_AND_NAME : foundAs(topic);
}

const foundAs = ({ id, name, partitionCount }: Topic): FoundTopic => ({
  name,
  topicId: id,
  partitionCount,
});

const ID_AND_NAME: ApiError = apiError(
  "INVALID_REQUEST",
  "The provided topic name maps to an ID that was already supplied.",
);
