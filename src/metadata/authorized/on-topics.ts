/**
 * The APIs that ask of each topic by its name. What is refused before anybody is asked, and in which order the rest is,
 * stands in the README of `../access`.
 */
import {
  ZERO_UUID,
  ErrorCode,
  type Apis,
  type CreateTopicsResponse,
  type DeleteTopicsResponse,
} from "../../protocol/index.ts";
import { DENIED } from "../access/demands.ts";
import { apiError, type ApiError } from "../control/api-error.ts";
import {
  askedTopics,
  repeatedOf,
  type AskedTopic,
  type Repeated,
} from "../control/delete-topics.ts";
import { distinctTopics } from "../control/distinct-topics.ts";
import { CLUSTER_METADATA_TOPIC } from "../control/topic-name.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import { topicById, topicByName } from "../image/topics-image.ts";
import { part, type DemandOn, type Guard } from "./guard.ts";
import { onTheCluster, onTopic, type Judge } from "./judge.ts";

type OnEachTopic = DemandOn<"each-topic">;
type TopicGuard<Name extends keyof Apis> = Guard<Apis[Name], "each-topic">;
type CreatedTopic = CreateTopicsResponse["topics"][number];
type DeletedTopic = DeleteTopicsResponse["responses"][number];

/** Of a topic that its caller may not know. */
const UNTOLD = { numPartitions: -1, replicationFactor: -1, configs: [] } as const;

const deniedAs = ({ message }: OnEachTopic): ApiError => apiError(DENIED.TOPIC.error, message);

/** Whether a topic of this name may be had; the cluster is asked once, and only where it counts. */
function permission({ operation, orOnCluster }: OnEachTopic, judge: Judge) {
  const isFree = orOnCluster && judge.allows(onTheCluster(operation));
  const may = (name: string): boolean => isFree || judge.grants(onTopic(operation, name));
  return { isFree, may };
}

export const createTopics: TopicGuard<"CreateTopics"> = (
  { operation, view, request, context },
  demand,
  judge,
) => {
  const { may } = permission(demand, judge);
  const distinct = distinctTopics(request.topics);
  const { allowed, answered } = part([...distinct], ([name, topic]) =>
    topic === null || name === CLUSTER_METADATA_TOPIC || may(name)
      ? null
      : deniedTopic(name, deniedAs(demand)),
  );
  const names = new Set(allowed.map(([name]) => name));
  const topics = request.topics.filter(({ name }) => names.has(name));
  const { response, ...rest } = operation.run(view, { ...request, topics }, context);
  const told = response.topics.map((topic) => toldOf(topic, demand, judge));
  return { ...rest, response: { ...response, topics: answered(told) } };
};

const deniedTopic = (name: string, error: ApiError): CreatedTopic => ({
  name,
  topicId: ZERO_UUID,
  ...error,
  topicConfigErrorCode: ErrorCode.NONE,
  ...UNTOLD,
});

/** A topic that was created, without what only those are told who may know its configs. */
function toldOf(topic: CreatedTopic, { disclosure }: OnEachTopic, judge: Judge): CreatedTopic {
  if (topic.errorCode !== ErrorCode.NONE || disclosure === null) return topic;
  if (judge.allows(onTopic(disclosure.operation, topic.name))) return topic;
  return {
    ...topic,
    topicConfigErrorCode: ErrorCode[DENIED.TOPIC.error],
    ...UNTOLD,
  };
}

export const createPartitions: TopicGuard<"CreatePartitions"> = (
  { operation, view, request, context },
  demand,
  judge,
) => {
  const { may } = permission(demand, judge);
  const { allowed, answered } = part([...distinctTopics(request.topics)], ([name, topic]) =>
    topic === null || may(name) ? null : { name, ...deniedAs(demand) },
  );
  const names = new Set(allowed.map(([name]) => name));
  const topics = request.topics.filter(({ name }) => names.has(name));
  const { response, ...rest } = operation.run(view, { ...request, topics }, context);
  return { ...rest, response: { ...response, results: answered(response.results) } };
};

export const deleteTopics: TopicGuard<"DeleteTopics"> = (call, demand, judge) => {
  const { operation, view, request, context } = call;
  // Whoever asks, nothing is deleted then.
  if (!context.config.deleteTopicEnable) return operation.run(view, request, context);
  const asked = askedTopics(request);
  const repeated = repeatedOf(view, asked);
  const denialOf = deletionDenial(view, demand, judge);
  const { allowed, answered } = part(asked, (entry) => denialOf(entry, repeated));
  const kept = { ...request, topics: allowed.map((entry) => ({ ...entry })), topicNames: [] };
  const { response, ...rest } = operation.run(view, kept, context);
  return { ...rest, response: { ...response, responses: answered(response.responses) } };
};

/** Says of an entry how it is denied; null where it is allowed, or refused to everybody. */
function deletionDenial(view: MetadataImage, demand: OnEachTopic, judge: Judge) {
  const { isFree, may } = permission(demand, judge);
  const { disclosure } = demand;
  const error = deniedAs(demand);
  const isTold = disclosure === null || (isFree && disclosure.orOnCluster);
  return ({ name, topicId }: AskedTopic, repeated: Repeated): DeletedTopic | null => {
    if (name === null) {
      const topic = repeated.topicIds.has(topicId) ? undefined : topicById(view.topics, topicId);
      if (topic === undefined || may(topic.name)) return null;
      const isNamed = isTold || judge.allows(onTopic(disclosure.operation, topic.name));
      return { name: isNamed ? topic.name : null, topicId, ...error };
    }
    if (topicId !== ZERO_UUID || repeated.names.has(name)) return null;
    const mayKnow = isTold || judge.grants(onTopic(disclosure.operation, name));
    const isThere = topicByName(view.topics, name) !== undefined;
    return mayKnow && (!isThere || may(name)) ? null : { name, topicId, ...error };
  };
}
