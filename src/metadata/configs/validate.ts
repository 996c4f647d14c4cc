/**
 * Whether a resource may have certain configs, in Kafka's words when it may not: what Kafka asks of its
 * ControllerConfigurationValidator, and of ConfigurationControlManager before that. The tables say which keys there
 * are and which values each takes; the rules between keys stand here. Whether the resource exists, and may be called
 * what it is called, is not asked here.
 */
import { CONFIG_RESOURCE } from "../image/configs-image.ts";
import { invalidValue, refusalOf, sizeRefusalOf, type ConfigDefinitions } from "./definition.ts";
import { effectiveLong, effectiveValue, type TopicConfigSources } from "./effective.ts";
import { brokerDefinition } from "./tables/broker.ts";
import {
  CLIENT_METRICS_CONFIGS,
  INTERVAL_MS_MAX,
  INTERVAL_MS_MIN,
  matchRefusal,
} from "./tables/client-metrics.ts";
import { COORDINATOR_BOUNDS, DEAD_LETTER_TOPIC, GROUP_CONFIGS } from "./tables/group.ts";
import { TOPIC_CONFIGS } from "./tables/topic.ts";
import { booleanIn, elementsIn, integerIn, trimmed } from "./values.ts";

/** Configs as they are set on one resource. */
export type Configs = ReadonlyMap<string, string>;

/** A key and its new value; null deletes it. In the order in which it is written. */
export type ConfigChange = readonly [name: string, value: string | null];

/** A resource as requests name it. */
export interface Resource {
  readonly resourceType: number;
  readonly resourceName: string;
}

/** What the cluster says on configs beside the resource's own. */
export interface ConfigRules {
  /** What is set for all brokers. */
  readonly clusterDefaults: Configs;
  /** KIP-1066: metadata.version is 4.3-IV0 or above. */
  readonly hasCordonedDirectories: boolean;
  /** A broker has judged the request and passed it on (KIP-590). */
  readonly isForwarded: boolean;
}

export interface ConfigsRefusal {
  readonly error: "INVALID_CONFIG" | "INVALID_REQUEST";
  readonly message: string;
}

const invalidConfig = (message: string | null): ConfigsRefusal | null =>
  message === null ? null : { error: "INVALID_CONFIG", message };

/** Why these keys cannot be changed; null when they can, as far as the keys that are not changed allow it. */
export function changesRefusal(
  resource: Resource,
  changes: readonly ConfigChange[],
  before: Configs,
  rules: ConfigRules,
): ConfigsRefusal | null {
  for (const [, value] of changes) {
    const refusal = value === null ? null : sizeRefusalOf(value);
    if (refusal !== null) return invalidConfig(refusal);
  }
  if (resource.resourceType !== CONFIG_RESOURCE.BROKER) return null;
  return invalidConfig(cordonedRefusal(changes, before, rules) ?? brokerValuesRefusal(changes));
}

const CORDONED = "cordoned.log.dirs";

/**
 * KIP-1066: the log holds cordoned directories from 4.3-IV0 on. The paths are a broker's own, which knows its
 * directories and judges them; of a request that no broker has forwarded, no path is taken that was not set before.
 */
function cordonedRefusal(
  changes: readonly ConfigChange[],
  before: Configs,
  { hasCordonedDirectories, isForwarded }: ConfigRules,
): string | null {
  const change = changes.find(([name]) => name === CORDONED);
  if (change === undefined) return null;
  if (!hasCordonedDirectories) {
    return `The ${CORDONED} configuration value cannot be set because it requires metadata.version >= 4.3-IV0`;
  }
  const present = new Set(elementsIn(before.get(CORDONED) ?? ""));
  const isSubset = elementsIn(change[1] ?? "").every((path) => present.has(path));
  return isForwarded || isSubset
    ? null
    : `When updating ${CORDONED} via controllers,  the new value must be a subset of the current ` +
        "configuration value.";
}

/**
 * What brokers judge before they forward a request, judged again, since a client may also ask a controller directly:
 * topics inherit these values, and are computed with them. Names are not judged, since plugins have some of their own,
 * and neither is a reference to a secret store (KIP-297), which each broker follows by itself.
 */
function brokerValuesRefusal(changes: readonly ConfigChange[]): string | null {
  for (const [name, value] of changes) {
    const definition = brokerDefinition(name);
    if (value === null || definition === undefined || isReference(value)) continue;
    const refusal = refusalOf(definition, value);
    if (refusal !== null) return refusal;
  }
  return null;
}

/** `${provider:path:key}`, somewhere in the value. */
function isReference(value: string): boolean {
  const start = value.indexOf("${");
  const end = value.indexOf("}", start);
  return start !== -1 && end !== -1 && value.slice(start, end).includes(":");
}

/** What is set on a resource after a change, and what was before. */
export interface Change {
  readonly after: Configs;
  readonly before: Configs;
}

/** Why a resource cannot have the configs `after`; null when it can. */
export function configsRefusal(
  { resourceType }: Resource,
  change: Change,
  rules: ConfigRules,
): ConfigsRefusal | null {
  switch (resourceType) {
    case CONFIG_RESOURCE.TOPIC:
      return invalidConfig(topicConfigsRefusal(change, rules));
    case CONFIG_RESOURCE.GROUP:
      return invalidConfig(groupConfigsRefusal(change.after));
    case CONFIG_RESOURCE.CLIENT_METRICS:
      return clientMetricsConfigsRefusal(change.after);
    default:
      return null;
  }
}

/** Why a topic cannot be created with these configs; null when it can. */
export function newTopicConfigsRefusal(configs: Configs, rules: ConfigRules): string | null {
  for (const value of configs.values()) {
    const refusal = sizeRefusalOf(value);
    if (refusal !== null) return refusal;
  }
  return topicConfigsRefusal({ after: configs, before: new Map() }, rules);
}

/** What is not set on the topic has the value that all brokers give it. */
function topicConfigsRefusal({ after, before }: Change, rules: ConfigRules): string | null {
  const unknown = unknownName(after, TOPIC_CONFIGS);
  if (unknown !== null) return `Unknown topic config name: ${unknown}`;
  const refusal = valuesRefusal(after, TOPIC_CONFIGS);
  if (refusal !== null) return refusal;
  const { clusterDefaults } = rules;
  const sources = { topic: after, clusterDefaults };
  return compactionRefusal(sources) ?? tieredStorageRefusal(sources, before);
}

function compactionRefusal(sources: TopicConfigSources): string | null {
  const min = effectiveLong("min.compaction.lag.ms", sources);
  const max = effectiveLong("max.compaction.lag.ms", sources);
  if (min <= max) return null;
  return (
    `conflict topic config setting min.compaction.lag.ms (${min}) > ` +
    `max.compaction.lag.ms (${max})`
  );
}

/**
 * Whether brokers have tiered storage is a setting in their files, and in those of Kafka's controllers. Here it is told
 * as a config of all brokers, which they pass over; without it they do not have it, as by Kafka's default.
 */
const HAS_TIERED_STORAGE = "remote.log.storage.system.enable";

const isOn = (configs: Configs, key: string): boolean => booleanIn(configs.get(key) ?? "") === true;

/** KIP-405, KIP-950. */
function tieredStorageRefusal(sources: TopicConfigSources, before: Configs): string | null {
  const { topic, clusterDefaults } = sources;
  if (!isOn(topic, "remote.storage.enable")) {
    const strandsSegments =
      isOn(before, "remote.storage.enable") && !isOn(topic, "remote.log.delete.on.disable");
    return strandsSegments
      ? "It is invalid to disable remote storage without deleting remote data. If you want to keep the " +
          "remote data and turn to read only, please set " +
          "`remote.storage.enable=true,remote.log.copy.disable=true`. If you want to disable remote storage " +
          "and delete all remote data, please set " +
          "`remote.storage.enable=false,remote.log.delete.on.disable=true`."
      : null;
  }
  if (!isOn(clusterDefaults, HAS_TIERED_STORAGE)) {
    return (
      "Tiered Storage functionality is disabled in the broker. " +
      "Topic cannot be configured with remote log storage."
    );
  }
  if (elementsIn(effectiveValue("cleanup.policy", sources)).includes("compact")) {
    return (
      "Remote log storage only supports topics with cleanup.policy=delete or cleanup.policy being an " +
      "empty list."
    );
  }
  return (
    localRetentionRefusal("retention.bytes", sources) ??
    localRetentionRefusal("retention.ms", sources) ??
    copyDisabledRefusal("retention.bytes", sources) ??
    copyDisabledRefusal("retention.ms", sources)
  );
}

const UNLIMITED = -1n;
const AS_TOTAL = -2n;

/** What is kept locally is part of what is kept. */
function localRetentionRefusal(name: string, sources: TopicConfigSources): string | null {
  const local = effectiveLong(`local.${name}`, sources);
  const total = effectiveLong(name, sources);
  if (total <= UNLIMITED || local === AS_TOTAL) return null;
  const refuse = (reason: string): string => invalidValue(`local.${name}`, `${local}`, reason);
  if (local === UNLIMITED) {
    return refuse(`Value must not be -1 as ${name} value is set as ${total}.`);
  }
  return local > total
    ? refuse(`Value must not be more than ${name} property value: ${total}`)
    : null;
}

/** Where nothing more is copied, only local segments are left to be kept. */
function copyDisabledRefusal(name: string, sources: TopicConfigSources): string | null {
  if (!isOn(sources.topic, "remote.log.copy.disable")) return null;
  const local = effectiveLong(`local.${name}`, sources);
  if (local === AS_TOTAL || local === effectiveLong(name, sources)) return null;
  return (
    `When \`remote.log.copy.disable\` is set to true, the \`local.${name}\` and \`${name}\` must be set to the ` +
    "identical value because there will be no more logs copied to the remote storage."
  );
}

/** Coordinators put bounds of their own on what their tables allow. */
function groupConfigsRefusal(configs: Configs): string | null {
  const unknown = unknownName(configs, GROUP_CONFIGS);
  if (unknown !== null) return `Unknown group config name: ${unknown}`;
  const refusal = valuesRefusal(configs, GROUP_CONFIGS);
  if (refusal !== null) return refusal;
  for (const { name, min, max, minSetting, maxSetting } of COORDINATOR_BOUNDS) {
    const value = integerIn(configs.get(name) ?? "", "int");
    if (value === null) continue;
    if (value < min) return `${name} must be greater than or equal to ${minSetting}`;
    if (value > max) return `${name} must be less than or equal to ${maxSetting}`;
  }
  if (trimmed(configs.get(DEAD_LETTER_TOPIC) ?? "").startsWith("__")) {
    return `${DEAD_LETTER_TOPIC}: DLQ topic name must not start with '__'`;
  }
  return null;
}

/** As Kafka has it, names and the interval's range are faults of the request, all else is one of the config. */
function clientMetricsConfigsRefusal(configs: Configs): ConfigsRefusal | null {
  const unknown = unknownName(configs, CLIENT_METRICS_CONFIGS);
  if (unknown !== null) {
    const message = `Unknown client metrics configuration: ${unknown}`;
    return { error: "INVALID_REQUEST", message };
  }
  const refusal = valuesRefusal(configs, CLIENT_METRICS_CONFIGS);
  if (refusal !== null) return invalidConfig(refusal);
  const interval = integerIn(configs.get("interval.ms") ?? "", "int");
  if (interval !== null && (interval < INTERVAL_MS_MIN || interval > INTERVAL_MS_MAX)) {
    const message =
      `Invalid value ${interval} for interval.ms, interval must be between ` +
      `${INTERVAL_MS_MIN} and ${INTERVAL_MS_MAX} (1 hour)`;
    return { error: "INVALID_REQUEST", message };
  }
  return invalidConfig(matchRefusal(configs.get("match") ?? ""));
}

function unknownName(configs: Configs, table: ConfigDefinitions): string | null {
  for (const name of configs.keys()) if (!table.has(name)) return name;
  return null;
}

/** What each value says by itself, in the order of the table. */
function valuesRefusal(configs: Configs, table: ConfigDefinitions): string | null {
  for (const definition of table.values()) {
    const value = configs.get(definition.name);
    const refusal = value === undefined ? null : refusalOf(definition, value);
    if (refusal !== null) return refusal;
  }
  return null;
}
