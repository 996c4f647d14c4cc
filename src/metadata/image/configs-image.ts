/**
 * Dynamic configs by resource, as written to the log: strings, never validated here. A resource without any config
 * has no entry.
 */
import { byText, ImmutableMap } from "../../std/immutable-map.ts";

/** Kafka's numbers of the resources that have configs in the log. */
export const CONFIG_RESOURCE = { TOPIC: 2, BROKER: 4, CLIENT_METRICS: 16, GROUP: 32 } as const;
/** Has no configs in the log: a broker or a controller keeps the levels of its loggers itself. */
export const BROKER_LOGGER = 8;

export interface ResourceConfigs {
  readonly resourceType: number;
  /** "" stands for the default of all resources of its type. */
  readonly resourceName: string;
  readonly values: ReadonlyMap<string, string>;
}

/** By `resourceKey`, hence sorted by type and name. */
export type ConfigsImage = ImmutableMap<string, ResourceConfigs>;

export const NO_CONFIGS: ConfigsImage = ImmutableMap.empty(byText);

const NO_VALUES: ReadonlyMap<string, string> = new Map();

/** The type's number with a fixed width, so that keys sort as (type, name) do. */
export const resourceKey = (resourceType: number, resourceName: string): string =>
  `${String(resourceType + 128).padStart(3, "0")}:${resourceName}`;

/** The configs set on a resource; empty when none are. */
export function configsOf(
  configs: ConfigsImage,
  resourceType: number,
  resourceName: string,
): ReadonlyMap<string, string> {
  return configs.get(resourceKey(resourceType, resourceName))?.values ?? NO_VALUES;
}
