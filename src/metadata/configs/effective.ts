/**
 * What a topic's config really is: set on the topic, else on all brokers, else Kafka's default. A broker's own
 * override is left out on purpose, and no controller reads a file: the answer depends on the log alone, so it
 * outlives every change of the active controller.
 *
 * A value that its key does not take counts as not set, as it does for brokers: the log may hold one that was
 * written before there was a rule against it, or that names a secret store. So what is effective can always be read.
 */
import { assert } from "../../std/assert.ts";
import { CONFIG_RESOURCE, configsOf, type ConfigsImage } from "../image/configs-image.ts";
import { refusalOf, type ConfigDefinition } from "./definition.ts";
import { TOPIC_CONFIGS } from "./tables/topic.ts";
import { booleanIn, integerIn } from "./values.ts";

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

/**
 * Every value the key has somewhere, the one that counts first. Never empty: the default is among them, and behind it
 * only what is set and cannot be read.
 */
export function configSynonyms(
  definition: ConfigDefinition,
  sources: TopicConfigSources,
): readonly [ConfigValue, ...ConfigValue[]] {
  const { name } = definition;
  const readable: ConfigValue[] = [];
  const unreadable: ConfigValue[] = [];
  for (const set of valuesSet(definition, sources)) {
    (refusalOf(definition, set.value) === null ? readable : unreadable).push(set);
  }
  const fallback = definition.brokerSynonyms?.[0]?.name ?? name;
  const last = { name: fallback, value: definition.default, source: ConfigSource.DEFAULT };
  const [first, ...rest] = readable;
  return first === undefined ? [last, ...unreadable] : [first, ...rest, last, ...unreadable];
}

function* valuesSet(
  { name, brokerSynonyms = [] }: ConfigDefinition,
  { topic, clusterDefaults: forAll }: TopicConfigSources,
): Generator<ConfigValue, void, undefined> {
  const onTopic = topic.get(name);
  if (onTopic !== undefined) {
    yield { name, value: onTopic, source: ConfigSource.DYNAMIC_TOPIC };
  }
  for (const synonym of brokerSynonyms) {
    const value = forAll.get(synonym.name);
    if (value === undefined) continue;
    const source = ConfigSource.DYNAMIC_DEFAULT_BROKER;
    yield { name: synonym.name, value: scaled(value, synonym.factor), source };
  }
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

/** Whether one of Kafka's switches is on for a topic. */
export function effectiveBoolean(configs: ConfigsImage, topicName: string, key: string): boolean {
  return booleanIn(effectiveValue(key, topicConfigSources(configs, topicName))) === true;
}

/** The effective value of one of Kafka's numbers for a topic. */
export function effectiveInteger(configs: ConfigsImage, topicName: string, key: string): number {
  return Number(effectiveLong(key, topicConfigSources(configs, topicName)));
}

/** As exact as it is set: a long may be beyond what a number holds. */
export function effectiveLong(key: string, sources: TopicConfigSources): bigint {
  const value = integerIn(effectiveValue(key, sources), "long");
  assert(value !== null, `the effective value of ${key} is an integer`);
  return value;
}

/** The effective value of one of Kafka's own topic configs. */
export function effectiveValue(key: string, sources: TopicConfigSources): string {
  const definition = TOPIC_CONFIGS.get(key);
  assert(definition !== undefined, `${key} is a topic config`);
  return effectiveConfig(definition, sources).value;
}

/** "168" hours as "604800000" milliseconds. A negative number, which is no limit, is the same in every unit. */
function scaled(value: string, factor: number): string {
  const number = factor === 1 ? null : integerIn(value, "long");
  return number === null || number < 0n ? value : `${number * BigInt(factor)}`;
}
