/**
 * The type and the default of a key of any resource, where no table of one kind is at hand.
 */
import { CONFIG_RESOURCE } from "../image/configs-image.ts";
import { brokerConfigType } from "./tables/broker.ts";
import { CLIENT_METRICS_CONFIGS } from "./tables/client-metrics.ts";
import type { ConfigDefinitions, ConfigType } from "./definition.ts";
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

/** Null where the key is not known. */
export function configType(resourceType: number, name: string): ConfigType | null {
  if (resourceType === CONFIG_RESOURCE.BROKER) return brokerConfigType(name);
  return definitionsOf(resourceType).get(name)?.type ?? null;
}

/** "" where there is none, or none that a controller knows. */
export function configDefault(resourceType: number, name: string): string {
  return definitionsOf(resourceType).get(name)?.default ?? "";
}
