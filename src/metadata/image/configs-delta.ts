/**
 * What a run of records does to configs. The values of a resource are one map, so they are copied once for the run and
 * written to until it is applied: one request may set ten thousand keys of a broker, and a copy for each of them is
 * seconds.
 */
import type { ConfigRecord } from "../../protocol/index.ts";
import { resourceKey, type ConfigsImage, type ResourceConfigs } from "./configs-image.ts";

/** Private to its reader: it changes as records are read, and is given up once it is applied. */
export interface ConfigsDelta {
  readonly base: ConfigsImage;
  /** By `resourceKey`, the resources that differ from `base`. */
  readonly changed: Map<string, ChangedConfigs>;
}

interface ChangedConfigs extends ResourceConfigs {
  readonly values: Map<string, string>;
}

export const configsDelta = (base: ConfigsImage): ConfigsDelta => ({ base, changed: new Map() });

export function setConfig(delta: ConfigsDelta, record: ConfigRecord): void {
  const { resourceType, resourceName, name, value } = record;
  const key = resourceKey(resourceType, resourceName);
  const changed = delta.changed.get(key) ?? {
    resourceType,
    resourceName,
    values: new Map(delta.base.get(key)?.values),
  };
  delta.changed.set(key, changed);
  if (value === null) changed.values.delete(name);
  else changed.values.set(name, value);
}

/** Forgets all configs of a resource, as the removal of a topic does. */
export function removeConfigs(
  delta: ConfigsDelta,
  resourceType: number,
  resourceName: string,
): void {
  const key = resourceKey(resourceType, resourceName);
  delta.changed.set(key, { resourceType, resourceName, values: new Map() });
}

/** The configs after all records of the delta. */
export function applyConfigsDelta({ base, changed }: ConfigsDelta): ConfigsImage {
  let configs = base;
  for (const [key, resource] of changed)
    configs = resource.values.size === 0 ? configs.delete(key) : configs.set(key, resource);
  return configs;
}
