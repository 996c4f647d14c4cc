/**
 * CreateTopics (KIP-4, KIP-464, KIP-525, KIP-599): new topics with their configs and partitions, placed by the controller or as
 * the request says. Topics succeed and fail one by one; what succeeds is one atomic batch. Permission is judged
 * before (`../authorized`).
 */
import {
  CreateTopics,
  ZERO_UUID,
  type CreateTopicsRequest,
  type CreateTopicsResponse,
  type MetadataRecord,
  type Uuid,
} from "../../protocol/index.ts";
import { shownDefinitions } from "../configs/definitions.ts";
import { clusterDefaults, effectiveConfig } from "../configs/effective.ts";
import { newTopicConfigsRefusal } from "../configs/validate.ts";
import { CONFIG_RESOURCE } from "../image/configs-image.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import { collisionKey, topicByName, topicNamesLike } from "../image/topics-image.ts";
import { newPartitionRecord } from "../partitions/new-partition.ts";
import { drawsOf } from "../partitions/striped-placer.ts";
import { configRules } from "./config-alteration.ts";
import { distinctTopics } from "./distinct-topics.ts";
import {
  RECORDS_PER_OPERATION_MAX,
  operation,
  type ControlContext,
  type ControlResult,
} from "./operation.ts";
import { NO_ERROR, EXCESSIVE_BATCH, apiError, type ApiError } from "./api-error.ts";
import { MutationCharge } from "./mutation-charge.ts";
import { newTopicViolation } from "./policies.ts";
import { Placements, planPartitions, type PlannedPartition } from "./topic-plan.ts";
import { CLUSTER_METADATA_TOPIC, topicNameRefusal } from "./topic-name.ts";
import { uniqueId } from "./unique-id.ts";

type RequestedTopic = CreateTopicsRequest["topics"][number];
type TopicResult = CreateTopicsResponse["topics"][number];

/** A topic that can be created. */
interface NewTopic {
  readonly topicId: Uuid;
  readonly configs: ReadonlyMap<string, string>;
  readonly partitions: readonly PlannedPartition[];
}

/** From this version on clients know that a quota refuses. */
const QUOTA_IS_STRICT_FROM = 6;

export const createTopics = operation(CreateTopics, { kind: "write", run });

function run(
  view: MetadataImage,
  request: CreateTopicsRequest,
  context: ControlContext,
): ControlResult<CreateTopicsResponse> {
  const topics = distinctTopics(request.topics);
  const excess = excessOf([...topics.values()], context);
  if (excess !== null) return refuseAll(topics.keys(), excess);

  const records: MetadataRecord[] = [];
  const results: TopicResult[] = [];
  const placements = new Placements(view, drawsOf(context.random));
  const charge = new MutationCharge(view, context, QUOTA_IS_STRICT_FROM);
  const batch: Batch = { placements, charge, taken: new Map() };
  for (const [name, topic] of topics) {
    const offset = context.nextOffset + records.length;
    const planned = planTopic(view, topic, { ...context, nextOffset: offset }, batch);
    if (planned === EXCESSIVE_BATCH) {
      return { ...refuseAll(topics.keys(), EXCESSIVE_BATCH), ...charge.softState };
    }
    if ("errorCode" in planned) {
      results.push(failed(name, planned));
      continue;
    }
    batch.taken.set(collisionKey(name), name);
    records.push(...recordsOf(view, name, planned));
    results.push(created(view, name, planned));
  }
  if (records.length > RECORDS_PER_OPERATION_MAX) {
    return { ...refuseAll(topics.keys(), EXCESSIVE_BATCH), ...charge.softState };
  }
  return {
    records: request.validateOnly ? [] : records,
    response: { throttleTimeMs: charge.throttleTimeMs, topics: results },
    ...charge.softState,
  };
}

/** What the topics of one request share. */
interface Batch {
  readonly placements: Placements;
  readonly charge: MutationCharge;
  /** Collision key → name, of the topics accepted so far. */
  readonly taken: Map<string, string>;
}

/** Counts before anything is placed: a request for a billion partitions must not be laid out first. */
function excessOf(
  topics: readonly (RequestedTopic | null)[],
  context: ControlContext,
): ApiError | null {
  let partitions = 0;
  for (const topic of topics) {
    if (topic === null) continue;
    const { numPartitions, assignments } = topic;
    const count = numPartitions === -1 ? context.config.numPartitions : numPartitions;
    partitions += assignments.length > 0 ? assignments.length : Math.max(0, count);
  }
  return partitions > RECORDS_PER_OPERATION_MAX
    ? apiError("POLICY_VIOLATION", "Excessively large number of partitions per request.")
    : null;
}

function planTopic(
  view: MetadataImage,
  topic: RequestedTopic | null,
  context: ControlContext,
  batch: Batch,
): NewTopic | ApiError {
  if (topic === null) return apiError("INVALID_REQUEST", "Duplicate topic name.");
  const nameFault = nameRefusal(view, topic.name, batch);
  if (nameFault !== null) return nameFault;
  const nulls = topic.configs.filter(({ value }) => value === null).map(({ name }) => name);
  if (nulls.length > 0) {
    const names = nulls.join(",");
    return apiError("INVALID_CONFIG", `Null value not supported for topic configs: ${names}`);
  }
  const configs = new Map(topic.configs.map(({ name, value }) => [name, value ?? ""]));
  const configFault = newTopicConfigsRefusal(configs, configRules(view, context));
  if (configFault !== null) return apiError("INVALID_CONFIG", configFault);
  const partitions = planPartitions(view, topic, context.config, batch.placements);
  if (!("planned" in partitions)) return partitions;
  const refused = newTopicViolation(context.config.policies, {
    name: topic.name,
    replicationFactors: partitions.planned.map(({ replicas }) => replicas.length),
    configs,
    clusterDefaults: clusterDefaults(view.configs),
  });
  if (refused !== null) return refused;
  const unpaid = batch.charge.take(partitions.planned.length);
  if (unpaid !== null) return unpaid;
  const topicId = uniqueId(context.random, context.nextOffset);
  return { topicId, configs, partitions: partitions.planned };
}

function nameRefusal(view: MetadataImage, name: string, batch: Batch): ApiError | null {
  if (name === CLUSTER_METADATA_TOPIC) {
    return apiError("INVALID_REQUEST", `Creation of internal topic ${name} is prohibited.`);
  }
  const fault = topicNameRefusal(name);
  if (fault !== null) return apiError("INVALID_TOPIC_EXCEPTION", fault);
  if (topicByName(view.topics, name) !== undefined) {
    return apiError("TOPIC_ALREADY_EXISTS", `Topic '${name}' already exists.`);
  }
  const [existing] = topicNamesLike(view.topics, name);
  if (existing !== undefined) {
    const message = `Topic '${name}' collides with existing topic: ${existing}`;
    return apiError("INVALID_TOPIC_EXCEPTION", message);
  }
  const sibling = batch.taken.get(collisionKey(name));
  if (sibling === undefined) return null;
  const message = `Topic '${name}' collides with another topic of this request: ${sibling}`;
  return apiError("INVALID_TOPIC_EXCEPTION", message);
}

/** Topic, configs, partitions: a reader that stops anywhere between has seen nothing it cannot place. */
function* recordsOf(
  view: MetadataImage,
  name: string,
  topic: NewTopic,
): Generator<MetadataRecord, void, undefined> {
  const { topicId } = topic;
  yield { type: "TOPIC_RECORD", version: 0, data: { name, topicId } };
  const resourceType = CONFIG_RESOURCE.TOPIC;
  for (const [key, value] of topic.configs) {
    const data = { resourceType, resourceName: name, name: key, value };
    yield { type: "CONFIG_RECORD", version: 0, data };
  }
  for (const [partitionId, partition] of topic.partitions.entries()) {
    yield newPartitionRecord(view, { topicId, partitionId, ...partition });
  }
}

function created(view: MetadataImage, name: string, topic: NewTopic): TopicResult {
  const sources = { topic: topic.configs, clusterDefaults: clusterDefaults(view.configs) };
  const configs = shownDefinitions(CONFIG_RESOURCE.TOPIC, topic.configs).map((definition) => {
    const { value, source } = effectiveConfig(definition, sources);
    return {
      name: definition.name,
      value,
      readOnly: false,
      configSource: source,
      isSensitive: false,
    };
  });
  return {
    ...blankResult(name, NO_ERROR),
    topicId: topic.topicId,
    numPartitions: topic.partitions.length,
    replicationFactor: topic.partitions[0]?.replicas.length ?? -1,
    configs,
  };
}

const failed = (name: string, outcome: ApiError): TopicResult => blankResult(name, outcome);

function blankResult(name: string, outcome: ApiError): TopicResult {
  return {
    name,
    topicId: ZERO_UUID,
    ...outcome,
    topicConfigErrorCode: NO_ERROR.errorCode,
    numPartitions: -1,
    replicationFactor: -1,
    configs: [],
  };
}

function refuseAll(
  names: Iterable<string>,
  outcome: ApiError,
): ControlResult<CreateTopicsResponse> {
  const topics = Array.from(names, (name) => failed(name, outcome));
  return { records: [], response: { throttleTimeMs: 0, topics } };
}
