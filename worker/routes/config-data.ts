/**
 * A config in REST v3's words: what it is set to, where that comes from, and what it would be otherwise. Read from the
 * observed image, which holds no secret. Of a broker it is what was altered at run time; what its own files say, only
 * the broker knows.
 */
import {
  CONFIG_RESOURCE,
  describedConfigs,
  type DescribedConfig,
  type MetadataImage,
} from "../../src/metadata/index.ts";
import type { ScopedContext } from "../env.ts";
import { Problem } from "../http/errors.ts";
import { itemsOf, type ListItem } from "../http/lists.ts";
import { resource, type Resource } from "../http/resources.ts";

/** What has configs: where it is below the interface's base, and what Kafka calls it. */
export interface ConfigOwner {
  readonly kind: "KafkaTopicConfig" | "KafkaBrokerConfig" | "KafkaClusterConfig";
  readonly resourceType: number;
  readonly resourceName: string;
  /** Of the list of its configs. */
  readonly path: readonly (string | number)[];
  /** What a config says of its owner. */
  readonly fields: Readonly<Record<string, string | number>>;
}

export const topicOwner = (context: ScopedContext, name: string): ConfigOwner => ({
  kind: "KafkaTopicConfig",
  resourceType: CONFIG_RESOURCE.TOPIC,
  resourceName: name,
  path: ["clusters", context.var.entry.cluster_id, "topics", name, "configs"],
  fields: { topic_name: name },
});

export const brokerOwner = (context: ScopedContext, id: number): ConfigOwner => ({
  kind: "KafkaBrokerConfig",
  resourceType: CONFIG_RESOURCE.BROKER,
  resourceName: String(id),
  path: ["clusters", context.var.entry.cluster_id, "brokers", id, "configs"],
  fields: { broker_id: id },
});

/** What holds for all brokers. */
export const clusterOwner = (context: ScopedContext): ConfigOwner => ({
  kind: "KafkaClusterConfig",
  resourceType: CONFIG_RESOURCE.BROKER,
  resourceName: "",
  path: ["clusters", context.var.entry.cluster_id, "broker-configs"],
  fields: { config_type: "BROKER" },
});

/** All configs of an owner, in the order of their names; keys begin with `prefix`. */
export const configItems = (
  context: ScopedContext,
  { image, owner, prefix = "" }: ConfigsIn & { readonly prefix?: string },
): Iterable<ListItem | null> =>
  itemsOf(byName(describedConfigs(image, owner)), (config) => ({
    key: `${prefix}${config.name}`,
    show: () => configData(context, owner, config),
  }));

export interface ConfigsIn {
  readonly image: MetadataImage;
  readonly owner: ConfigOwner;
}

/** The config of that name; a `Problem` where the owner has none. */
export function configAt(
  context: ScopedContext,
  { image, owner }: ConfigsIn,
  name: string,
): Resource {
  const config = describedConfigs(image, owner).find((each) => each.name === name);
  if (config === undefined) {
    const which = owner.kind === "KafkaTopicConfig" ? "a topic" : "what is set at run time here";
    throw new Problem("UNKNOWN_CONFIG", `${name.slice(0, 250)}: no such config of ${which}`);
  }
  return configData(context, owner, config);
}

const byName = (configs: readonly DescribedConfig[]): readonly DescribedConfig[] =>
  configs.toSorted((one, other) => (one.name < other.name ? -1 : 1));

function configData(context: ScopedContext, owner: ConfigOwner, config: DescribedConfig) {
  const { name, value, configSource, readOnly, isSensitive, synonyms } = config;
  return {
    ...resource(context, owner.kind, [...owner.path, name]),
    cluster_id: context.var.entry.cluster_id,
    ...owner.fields,
    name,
    value,
    is_default: sourceName(configSource) === "DEFAULT_CONFIG",
    is_read_only: readOnly,
    is_sensitive: isSensitive,
    source: sourceName(configSource),
    synonyms: synonyms.map((each) => ({
      name: each.name,
      value: each.value,
      source: sourceName(each.source),
    })),
  };
}

/** Kafka's `DescribeConfigsResponse.ConfigSource`. */
const SOURCES: ReadonlyMap<number, string> = new Map([
  [1, "DYNAMIC_TOPIC_CONFIG"],
  [2, "DYNAMIC_BROKER_CONFIG"],
  [3, "DYNAMIC_DEFAULT_BROKER_CONFIG"],
  [4, "STATIC_BROKER_CONFIG"],
  [5, "DEFAULT_CONFIG"],
]);

const sourceName = (source: number): string => SOURCES.get(source) ?? "UNKNOWN";
