/**
 * The type and the default of a key of any resource, where no table of one kind is at hand.
 */
import { CONFIG_RESOURCE } from "../image/configs-image.ts";
import { BROKER_CONFIGS, brokerDefinition } from "./tables/broker.ts";
import { CLIENT_METRICS_CONFIGS } from "./tables/client-metrics.ts";
import type { ConfigDefinition, ConfigDefinitions, ConfigType } from "./definition.ts";
import { GROUP_CONFIGS } from "./tables/group.ts";
import { TOPIC_CONFIGS } from "./tables/topic.ts";

const NO_DEFINITIONS: ConfigDefinitions = new Map();

/** The keys of a resource; none where they are the node's own (broker configs). */
export function definitionsOf(resourceType: number): ConfigDefinitions {
  switch (resourceType) {
    case CONFIG_RESOURCE.TOPIC:
      return TOPIC_CONFIGS;
    case CONFIG_RESOURCE.GROUP:
      return GROUP_CONFIGS;
    case CONFIG_RESOURCE.CLIENT_METRICS:
      return CLIENT_METRICS_CONFIGS;
    default:
      return NO_DEFINITIONS;
  }
}

/** The keys of a resource that are shown when `set` are set on it. */
export const shownDefinitions = (
  resourceType: number,
  set: ReadonlyMap<string, string>,
): readonly ConfigDefinition[] =>
  [...definitionsOf(resourceType).values()].filter(
    ({ name, isInternal = false, isNew = false }) => !(isInternal || isNew) || set.has(name),
  );

/** Null where the key is not known. */
export function configType(resourceType: number, name: string): ConfigType | null {
  const definition =
    resourceType === CONFIG_RESOURCE.BROKER
      ? brokerDefinition(name)
      : definitionsOf(resourceType).get(name);
  return definition?.type ?? null;
}

/** A secret, or a key of which it is not known whether it is one: as Kafka's `KafkaConfigSchema` has it. */
export function isSensitive(resourceType: number, name: string): boolean {
  const type = configType(resourceType, name);
  return type === null || type === "password";
}

/**
 * The default of a key to which may be appended, from which may be subtracted; null where neither may be. As in Kafka,
 * whose controller knows the lists of topics and of brokers, but for those under a listener's prefix.
 */
export function listDefault(resourceType: number, name: string): string | null {
  const isBroker = resourceType === CONFIG_RESOURCE.BROKER;
  if (!isBroker && resourceType !== CONFIG_RESOURCE.TOPIC) return null;
  const definition = (isBroker ? BROKER_CONFIGS : TOPIC_CONFIGS).get(name);
  return definition?.type === "list" ? definition.default : null;
}
