/**
 * What a topic's config really is: set on the topic, else on all brokers, else Kafka's default. A broker's own
 * override is left out on purpose, and no controller reads a file: the answer depends on the log alone, so it
 * outlives every change of the active controller.
 */
import { assert } from "../../std/assert.ts";
import { CONFIG_RESOURCE, configsOf, type ConfigsImage } from "../image/configs-image.ts";
import type { ConfigDefinition } from "./definition.ts";
import { TOPIC_CONFIGS } from "./tables/topic.ts";

/** Where a value comes from, as DescribeConfigs and CreateTopics tell it (KIP-226). */
export const ConfigSource = {
  DYNAMIC_TOPIC: 1,
  DYNAMIC_BROKER: 2,
  DYNAMIC_DEFAULT_BROKER: 3,
  DEFAULT: 5,
  CLIENT_METRICS: 7,
  GROUP: 8,
} as const;

export interface ConfigValue {
  /** The name under which it is set: the key itself, or a broker synonym. */
  readonly name: string;
  readonly value: string;
  readonly source: number;
}

export interface TopicConfigSources {
  /** What is set on the topic. */
  readonly topic: ReadonlyMap<string, string>;
  /** What is set for all brokers: the BROKER resource with the empty name. */
  readonly clusterDefaults: ReadonlyMap<string, string>;
}

/** Every value the key has somewhere, the one that counts first. Never empty: the last is the default. */
export function configSynonyms(
  definition: ConfigDefinition,
  sources: TopicConfigSources,
): readonly [ConfigValue, ...ConfigValue[]] {
  const { name } = definition;
  const set: ConfigValue[] = [];
  const onTopic = sources.topic.get(name);
  if (onTopic !== undefined) {
    set.push({ name, value: onTopic, source: ConfigSource.DYNAMIC_TOPIC });
  }
  for (const synonym of definition.brokerSynonyms ?? []) {
    const value = sources.clusterDefaults.get(synonym.name);
    if (value === undefined) continue;
    const source = ConfigSource.DYNAMIC_DEFAULT_BROKER;
    set.push({ name: synonym.name, value: scaled(value, synonym.factor), source });
  }
  const fallback = definition.brokerSynonyms?.[0]?.name ?? name;
  const last = { name: fallback, value: definition.default, source: ConfigSource.DEFAULT };
  const [first, ...rest] = set;
  return first === undefined ? [last] : [first, ...rest, last];
}

/** The value that counts. */
export function effectiveConfig(
  definition: ConfigDefinition,
  sources: TopicConfigSources,
): ConfigValue {
  return configSynonyms(definition, sources)[0];
}

/** What is set for all brokers: the BROKER resource with the empty name. */
export function clusterDefaults(configs: ConfigsImage): ReadonlyMap<string, string> {
  return configsOf(configs, CONFIG_RESOURCE.BROKER, "");
}

export function topicConfigSources(configs: ConfigsImage, topicName: string): TopicConfigSources {
  return {
    topic: configsOf(configs, CONFIG_RESOURCE.TOPIC, topicName),
    clusterDefaults: clusterDefaults(configs),
  };
}

/** The effective value of one of Kafka's own topic configs. */
export function effectiveTopicConfig(
  configs: ConfigsImage,
  topicName: string,
  key: string,
): string {
  const definition = TOPIC_CONFIGS.get(key);
  assert(definition !== undefined, `${key} is a topic config`);
  return effectiveConfig(definition, topicConfigSources(configs, topicName)).value;
}

/** "168" hours as "604800000" milliseconds. -1 means without limit in every unit. */
function scaled(value: string, factor: number): string {
  if (factor === 1 || !/^\d+$/.test(value)) return value;
  return `${BigInt(value) * BigInt(factor)}`;
}
