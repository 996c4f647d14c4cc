/** What an administrator may ask of a topic, by its name, with what is made of each response. */
import {
  configsOf,
  CONFIG_RESOURCE,
  type MetadataImage,
  topicByName,
} from "../../../src/metadata/index.ts";
import { createPartitions } from "../../../src/metadata/control/create-partitions.ts";
import { createTopics } from "../../../src/metadata/control/create-topics.ts";
import { deleteTopics } from "../../../src/metadata/control/delete-topics.ts";
import { incrementalAlterConfigs } from "../../../src/metadata/control/incremental-alter-configs.ts";
import {
  CreatePartitions,
  type CreatePartitionsResponse,
  CreateTopics,
  type CreateTopicsResponse,
  DeleteTopics,
  type DeleteTopicsResponse,
  errorName,
  IncrementalAlterConfigs,
  type IncrementalAlterConfigsResponse,
} from "../../../src/protocol/index.ts";
import type { TopicInput, TopicOutput } from "../../linearizability/topic.ts";
import type { Question } from "../client-history.ts";

export type TopicQuestion<Response> = Omit<
  Question<TopicInput, TopicOutput, Response>,
  "instance" | "client"
>;

/** The names that topics may have: few, so that they come and go. */
export const TOPIC_NAMES = ["topic-1", "topic-2", "topic-3", "topic-4", "topic-5", "topic-6"];
/** The config that is set and read, of those that a topic may have. */
export const TOPIC_CONFIG = "retention.ms";

export function creation(
  topic: string,
  partitions: number,
  replicationFactor: number,
): TopicQuestion<CreateTopicsResponse> {
  const request = CreateTopics.request.fill({
    topics: [{ name: topic, numPartitions: partitions, replicationFactor }],
  });
  return {
    input: { kind: "create", topic, partitions },
    operation: (view, context) => createTopics.run(view, request, context),
    apiVersion: 7,
    outputOf: ({ topics: [result] }) => {
      if (result?.errorCode === 0) return { kind: "created", topicId: result.topicId };
      return errorOf(result, { TOPIC_ALREADY_EXISTS: { kind: "exists" } });
    },
  };
}

export function deletion(topic: string): TopicQuestion<DeleteTopicsResponse> {
  const request = DeleteTopics.request.fill({ topics: [{ name: topic }] });
  return {
    input: { kind: "delete", topic },
    operation: (view, context) => deleteTopics.run(view, request, { ...context, apiVersion: 6 }),
    apiVersion: 6,
    outputOf: ({ responses: [result] }) => errorOf(result, { NONE: { kind: "deleted" }, ...GONE }),
  };
}

export function growth(topic: string, partitions: number): TopicQuestion<CreatePartitionsResponse> {
  const request = CreatePartitions.request.fill({
    topics: [{ name: topic, count: partitions, assignments: null }],
  });
  return {
    input: { kind: "grow", topic, partitions },
    operation: (view, context) => createPartitions.run(view, request, context),
    apiVersion: 3,
    outputOf: ({ results: [result] }) =>
      errorOf(result, {
        NONE: { kind: "grown" },
        INVALID_PARTITIONS: { kind: "not-more" },
        ...GONE,
      }),
  };
}

export function configuration(
  topic: string,
  value: string,
): TopicQuestion<IncrementalAlterConfigsResponse> {
  const configs = [{ name: TOPIC_CONFIG, configOperation: 0, value }];
  const request = IncrementalAlterConfigs.request.fill({
    resources: [{ resourceType: CONFIG_RESOURCE.TOPIC, resourceName: topic, configs }],
  });
  return {
    input: { kind: "set-config", topic, name: TOPIC_CONFIG, value },
    operation: (view, context) => incrementalAlterConfigs.run(view, request, context),
    apiVersion: 1,
    outputOf: ({ responses: [result] }) =>
      errorOf(result, { NONE: { kind: "config-set" }, ...GONE }),
  };
}

/** A read of a topic, and what an image says to it. */
interface TopicReading {
  readonly input: TopicInput;
  readonly outcomeIn: (image: MetadataImage) => TopicOutput;
}

export const description = (topic: string): TopicReading => ({
  input: { kind: "describe", topic },
  outcomeIn: ({ topics }) => {
    const found = topicByName(topics, topic);
    if (found === undefined) return { kind: "unknown-topic" };
    return { kind: "described", topicId: found.id, partitions: found.partitionCount };
  },
});

export const configReading = (topic: string): TopicReading => ({
  input: { kind: "read-config", topic, name: TOPIC_CONFIG },
  outcomeIn: ({ topics, configs }) => {
    if (topicByName(topics, topic) === undefined) return { kind: "unknown-topic" };
    const value = configsOf(configs, CONFIG_RESOURCE.TOPIC, topic).get(TOPIC_CONFIG);
    return { kind: "config", value: value ?? null };
  },
});

const GONE = { UNKNOWN_TOPIC_OR_PARTITION: { kind: "unknown-topic" } } as const;

/** The outcome that an error stands for; null for any that says nothing of the topic. */
function errorOf(
  result: { readonly errorCode: number } | undefined,
  outcomes: Readonly<Record<string, TopicOutput>>,
): TopicOutput | null {
  return result === undefined ? null : (outcomes[errorName(result.errorCode)] ?? null);
}
