/**
 * A cluster's topics as its clients see them: created, deleted, grown, configured and described. Topics do not touch
 * each other: each name is a key. Refusals for other reasons than the topic itself (no brokers, no office, a time-out)
 * are no outcomes here: an operation of that kind had no effect, or nobody knows what became of it.
 */
import type { Model } from "./model.ts";
import type { Operation } from "./operation.ts";

export type TopicInput =
  | { readonly kind: "create"; readonly topic: string; readonly partitions: number }
  | { readonly kind: "delete"; readonly topic: string }
  /** Raises the number of partitions to `partitions` (CreatePartitions). */
  | { readonly kind: "grow"; readonly topic: string; readonly partitions: number }
  /** IncrementalAlterConfigs, SET of one key. */
  | {
      readonly kind: "set-config";
      readonly topic: string;
      readonly name: string;
      readonly value: string;
    }
  | { readonly kind: "describe"; readonly topic: string }
  | { readonly kind: "read-config"; readonly topic: string; readonly name: string };

export type TopicOutput =
  | { readonly kind: "created"; readonly topicId: string }
  /** TOPIC_ALREADY_EXISTS. */
  | { readonly kind: "exists" }
  | { readonly kind: "deleted" }
  | { readonly kind: "grown" }
  /** INVALID_PARTITIONS: it has as many, or more. */
  | { readonly kind: "not-more" }
  | { readonly kind: "config-set" }
  /** UNKNOWN_TOPIC_OR_PARTITION; of a description, that there is none. */
  | { readonly kind: "unknown-topic" }
  | { readonly kind: "described"; readonly topicId: string; readonly partitions: number }
  /** Null where the topic has no value of its own. */
  | { readonly kind: "config"; readonly value: string | null };

interface Topic {
  /** Null as long as nobody has been told it: its creator does not know what became of it. */
  readonly topicId: string | null;
  /** Whether its creator was told the id. */
  readonly isTold: boolean;
  readonly partitions: number;
  readonly configs: Readonly<Record<string, string>>;
}

export interface TopicState {
  readonly topic: Topic | null;
  /**
   * Ids that are gone, of topics whose creator was never told: others are known beforehand. An id is never given twice.
   */
  readonly gone: readonly string[];
}

/**
 * The law of the topics in a history. It is asked for the history's own, because an id that a creator was told is that
 * of no other topic of that name.
 */
export function topicsOf(
  history: readonly Operation<TopicInput, TopicOutput>[],
): Model<TopicState, TopicInput, TopicOutput> {
  const told = toldIds(history);
  const toldTimes = (name: string, topicId: string): number => told.get(name)?.get(topicId) ?? 0;
  return {
    init: { topic: null, gone: [] },
    step: (state, input, output) => {
      const { topic, gone } = state;
      if (topic === null) {
        if (output?.kind === "created" && toldTimes(input.topic, output.topicId) > 1) return null;
        return withoutTopic(gone, input, output);
      }
      switch (input.kind) {
        case "create":
          return isOf("exists", output) ? state : null;
        case "delete":
          return isOf("deleted", output) ? withIdGone(topic, gone) : null;
        case "grow": {
          const isMore = input.partitions > topic.partitions;
          if (!isOf(isMore ? "grown" : "not-more", output)) return null;
          return isMore ? { topic: { ...topic, partitions: input.partitions }, gone } : state;
        }
        case "set-config": {
          if (!isOf("config-set", output)) return null;
          const configs = { ...topic.configs, [input.name]: input.value };
          return { topic: { ...topic, configs }, gone };
        }
        case "describe": {
          const isOther =
            output?.kind === "described" && toldTimes(input.topic, output.topicId) > 0;
          return described(state, isOther, output);
        }
        case "read-config": {
          if (output === null) return state;
          const value = topic.configs[input.name] ?? null;
          return output.kind === "config" && output.value === value ? state : null;
        }
      }
    },
    keyOf: ({ topic }) => topic,
    isRead: ({ kind }) => kind === "describe" || kind === "read-config",
    fingerprint: ({ topic, gone }) => {
      if (topic === null) return gone.length === 0 ? "none" : `none, gone ${gone.join(" ")}`;
      const { topicId, partitions, configs, isTold } = topic;
      const names = Object.keys(configs).toSorted();
      const shown = names.map((name) => JSON.stringify([name, configs[name]])).join(" ");
      return `${topicId}${isTold ? "" : "?"} of ${partitions} ${shown} gone ${gone.join(" ")}`;
    },
  };
}

/** By name: the ids that creators were told, and how often. */
function toldIds(
  history: readonly Operation<TopicInput, TopicOutput>[],
): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const told = new Map<string, Map<string, number>>();
  for (const { input, output } of history) {
    if (output?.kind !== "created") continue;
    const ids = told.get(input.topic) ?? new Map<string, number>();
    told.set(input.topic, ids.set(output.topicId, (ids.get(output.topicId) ?? 0) + 1));
  }
  return told;
}

const isOf = (kind: TopicOutput["kind"], output: TopicOutput | null): boolean =>
  output === null || output.kind === kind;

function withIdGone({ topicId, isTold }: Topic, gone: TopicState["gone"]): TopicState {
  if (topicId === null || isTold) return { topic: null, gone };
  return { topic: null, gone: [...gone, topicId].toSorted() };
}

function withoutTopic(
  gone: TopicState["gone"],
  input: TopicInput,
  output: TopicOutput | null,
): TopicState | null {
  if (input.kind !== "create") return isOf("unknown-topic", output) ? { topic: null, gone } : null;
  if (output !== null && output.kind !== "created") return null;
  const topicId = output?.topicId ?? null;
  const topic = { topicId, isTold: topicId !== null, partitions: input.partitions, configs: {} };
  return topicId !== null && gone.includes(topicId) ? null : { topic, gone };
}

/** Who is the first to be told an id settles it, unless it is another topic's. */
function described(
  state: TopicState,
  isOther: boolean,
  output: TopicOutput | null,
): TopicState | null {
  const { topic, gone } = state;
  if (output === null || topic === null) return state;
  if (output.kind !== "described" || output.partitions !== topic.partitions) return null;
  const { topicId } = output;
  if (topic.topicId !== null) return topic.topicId === topicId ? state : null;
  return isOther || gone.includes(topicId) ? null : { gone, topic: { ...topic, topicId } };
}
