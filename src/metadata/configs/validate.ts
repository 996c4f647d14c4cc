/**
 * Whether a resource may have certain configs, in Kafka's words when it may not: what Kafka asks of its
 * ControllerConfigurationValidator, and of ConfigurationControlManager before that. The tables say which keys there
 * are and which values each takes; the rules between keys stand here. Whether the resource exists, and may be called
 * what it is called, is not asked here.
 */
import { CONFIG_RESOURCE } from "../image/configs-image.ts";
import {
  listElements,
  refusalOf,
  sizeRefusalOf,
  type ConfigDefinition,
  type ConfigDefinitions,
} from "./definition.ts";
import { effectiveConfig } from "./effective.ts";
import {
  CLIENT_METRICS_CONFIGS,
  INTERVAL_MS_MAX,
  INTERVAL_MS_MIN,
} from "./tables/client-metrics.ts";
import { COORDINATOR_BOUNDS, GROUP_CONFIGS } from "./tables/group.ts";
import { TOPIC_CONFIGS } from "./tables/topic.ts";

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
  /** KIP-966: eligible leader replicas are in use. */
  readonly isElrEnabled: boolean;
}

export interface ConfigsRefusal {
  readonly error: "INVALID_CONFIG" | "INVALID_REQUEST";
  readonly message: string;
}

const invalidConfig = (message: string | null): ConfigsRefusal | null =>
  message === null ? null : { error: "INVALID_CONFIG", message };

export const MIN_ISR = "min.insync.replicas";

/** Why these keys cannot be changed; null when they can, as far as the keys that are not changed allow it. */
export function changesRefusal(
  resource: Resource,
  changes: readonly ConfigChange[],
  rules: ConfigRules,
): ConfigsRefusal | null {
  for (const [, value] of changes) {
    const refusal = value === null ? null : sizeRefusalOf(value);
    if (refusal !== null) return invalidConfig(refusal);
  }
  return invalidConfig(minIsrRefusal(resource, changes, rules));
}

/** KIP-966: which replicas are eligible depends on one minimum for the cluster, which must stay known. */
function minIsrRefusal(
  { resourceType, resourceName }: Resource,
  changes: readonly ConfigChange[],
  { isElrEnabled }: ConfigRules,
): string | null {
  if (resourceType !== CONFIG_RESOURCE.BROKER || !isElrEnabled) return null;
  const change = changes.find(([name]) => name === MIN_ISR);
  if (change === undefined) return null;
  if (resourceName !== "") return `Broker-level ${MIN_ISR} cannot be altered while ELR is enabled.`;
  return change[1] === null
    ? `Cluster-level ${MIN_ISR} cannot be removed while ELR is enabled.`
    : null;
}

/**
 * Why a resource cannot have the configs `after`. Values of broker configs are not judged: a broker has done that,
 * knowing its plugins.
 */
export function configsRefusal(
  { resourceType }: Resource,
  after: Configs,
  rules: ConfigRules,
): ConfigsRefusal | null {
  switch (resourceType) {
    case CONFIG_RESOURCE.TOPIC:
      return invalidConfig(topicConfigsRefusal(after, rules));
    case CONFIG_RESOURCE.GROUP:
      return invalidConfig(groupConfigsRefusal(after));
    case CONFIG_RESOURCE.CLIENT_METRICS: {
      const message = clientMetricsConfigsRefusal(after);
      return message === null ? null : { error: "INVALID_REQUEST", message };
    }
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
  return topicConfigsRefusal(configs, rules);
}

/** What is not set on the topic has the value that all brokers give it. */
function topicConfigsRefusal(configs: Configs, { clusterDefaults }: ConfigRules): string | null {
  const refusal = valuesRefusal(configs, TOPIC_CONFIGS, "topic config name");
  if (refusal !== null) return refusal;
  const sources = { topic: configs, clusterDefaults };
  const effective = (name: string): string => {
    const definition = TOPIC_CONFIGS.get(name);
    return definition === undefined ? "" : effectiveConfig(definition, sources).value;
  };
  return compactionRefusal(effective) ?? remoteStorageRefusal(effective);
}

function compactionRefusal(effective: (name: string) => string): string | null {
  const min = Number(effective("min.compaction.lag.ms"));
  const max = Number(effective("max.compaction.lag.ms"));
  if (min <= max) return null;
  return (
    `conflict topic config setting min.compaction.lag.ms (${min}) > ` +
    `max.compaction.lag.ms (${max})`
  );
}

/** KIP-405: what is kept locally is part of what is kept, and a compacted log cannot be kept remotely. */
function remoteStorageRefusal(effective: (name: string) => string): string | null {
  if (effective("remote.storage.enable").toLowerCase() !== "true") return null;
  if (listElements(effective("cleanup.policy")).includes("compact")) {
    return "Remote log storage is unsupported for the compacted topics";
  }
  return (
    localRetentionRefusal(effective, "retention.bytes") ??
    localRetentionRefusal(effective, "retention.ms")
  );
}

function localRetentionRefusal(effective: (name: string) => string, name: string): string | null {
  const UNLIMITED = -1;
  const AS_TOTAL = -2;
  const local = Number(effective(`local.${name}`));
  const total = Number(effective(name));
  if (total <= UNLIMITED || local === AS_TOTAL) return null;
  const refusal = `Invalid value ${local} for configuration local.${name}: `;
  if (local === UNLIMITED) {
    return `${refusal}Value must not be -1 as ${name} value is set as ${total}.`;
  }
  return local > total
    ? `${refusal}Value must not be more than property ${name} value ${total}.`
    : null;
}

/** Coordinators put bounds of their own on what their tables allow. */
function groupConfigsRefusal(configs: Configs): string | null {
  const refusal = valuesRefusal(configs, GROUP_CONFIGS, "group config name");
  if (refusal !== null) return refusal;
  for (const { name, prefix, setting, min, max } of COORDINATOR_BOUNDS) {
    const value = configs.get(name);
    if (value === undefined) continue;
    if (Number(value) < min) {
      return `${name} must be greater than or equal to ${prefix}.min.${setting}`;
    }
    if (Number(value) > max) {
      return `${name} must be less than or equal to ${prefix}.max.${setting}`;
    }
  }
  return null;
}

function clientMetricsConfigsRefusal(configs: Configs): string | null {
  const refusal = valuesRefusal(configs, CLIENT_METRICS_CONFIGS, "client metrics configuration");
  if (refusal !== null) return refusal;
  const interval = Number(configs.get("interval.ms") ?? INTERVAL_MS_MIN);
  if (interval >= INTERVAL_MS_MIN && interval <= INTERVAL_MS_MAX) return null;
  return (
    `Invalid value ${interval} for interval.ms, interval must be between ` +
    `${INTERVAL_MS_MIN} and ${INTERVAL_MS_MAX} (1 hour)`
  );
}

/** Unknown names first, then what a value says by itself, in the order of the table. */
function valuesRefusal(configs: Configs, table: ConfigDefinitions, noun: string): string | null {
  for (const name of configs.keys()) {
    if (!table.has(name)) return `Unknown ${noun}: ${name}`;
  }
  for (const definition of table.values()) {
    const refusal = valueRefusal(definition, configs.get(definition.name));
    if (refusal !== null) return refusal;
  }
  return null;
}

const valueRefusal = (definition: ConfigDefinition, value: string | undefined): string | null =>
  value === undefined ? null : refusalOf(definition, value);
