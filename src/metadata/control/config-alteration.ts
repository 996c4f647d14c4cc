/**
 * What IncrementalAlterConfigs and AlterConfigs share: from the configs that a resource is to have, to the records, or
 * to the reason why it cannot have them. A resource is altered wholly or not at all, and the request is one batch.
 */
import type { MetadataRecord } from "../../protocol/index.ts";
import { clusterDefaults } from "../configs/effective.ts";
import {
  changesRefusal,
  configsRefusal,
  type ConfigChange,
  type ConfigRules,
  type ConfigsRefusal,
  type Resource,
} from "../configs/validate.ts";
import { MV_CORDONED_DIRECTORIES } from "../features/levels.ts";
import { brokerById } from "../image/cluster-image.ts";
import { BROKER_LOGGER, CONFIG_RESOURCE, configsOf } from "../image/configs-image.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import { topicByName } from "../image/topics-image.ts";
import { minIsrRefusal, recordsAfterConfigChange } from "../partitions/min-isr.ts";
import { RECORDS_PER_OPERATION_MAX, type ControlContext } from "./operation.ts";
import { alterationViolation } from "./policies.ts";
import { NO_ERROR, EXCESSIVE_BATCH, apiError, type ApiError } from "./api-error.ts";
import { topicNameRefusal } from "./topic-name.ts";

export interface Alteration {
  readonly records: readonly MetadataRecord[];
  readonly responses: readonly (Resource & ApiError)[];
}

/**
 * Why a resource cannot have what the request gives it, whatever is known of its configs: a key more than once, or a key
 * without a value, which are those of `valueless`. A name that is none is what Kafka says of it first.
 */
export function givenFault(
  resource: Resource & { readonly configs: readonly { readonly name: string }[] },
  valueless: readonly { readonly name: string }[],
): ApiError | null {
  const fault =
    repeatedKeysFault(resource.configs) ?? nullValuesFault(resource.resourceType, valueless);
  return fault === null ? null : (nameFault(resource) ?? fault);
}

function repeatedKeysFault(configs: readonly { readonly name: string }[]): ApiError | null {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const { name } of configs) (seen.has(name) ? repeated : seen).add(name);
  return repeated.size === 0
    ? null
    : apiError(
        "INVALID_REQUEST",
        `Error due to duplicate config keys : ${[...repeated].join(",")}`,
      );
}

/** Why null cannot be the value of these keys. On a topic that is a fault of its config, elsewhere of the request. */
function nullValuesFault(
  resourceType: number,
  configs: readonly { readonly name: string }[],
): ApiError | null {
  if (configs.length === 0) return null;
  const keys = configs.map(({ name }) => name).join(",");
  return resourceType === CONFIG_RESOURCE.TOPIC
    ? apiError("INVALID_CONFIG", `Null value not supported for topic configs: ${keys}`)
    : apiError("INVALID_REQUEST", `Null value not supported for : ${keys}`);
}

/** Tells the resources that occur more than once. */
export function repeatedResources(resources: readonly Resource[]): (resource: Resource) => boolean {
  const occurrences = new Map<string, number>();
  for (const resource of resources) {
    const key = keyOf(resource);
    occurrences.set(key, (occurrences.get(key) ?? 0) + 1);
  }
  return (resource) => (occurrences.get(keyOf(resource)) ?? 0) > 1;
}

/** Alters each resource as `changesOf` says, or refuses as it says. */
export function alterResources<Asked extends Resource>(
  view: MetadataImage,
  resources: readonly Asked[],
  context: ControlContext,
  changesOf: (resource: Asked) => readonly ConfigChange[] | ApiError,
): Alteration {
  const records: MetadataRecord[] = [];
  const isRepeated = repeatedResources(resources);
  const responses = resources.map((asked) => {
    const { resourceType, resourceName } = asked;
    const resource = { resourceType, resourceName };
    const fault =
      typeFault(resource) ??
      (isRepeated(asked) ? apiError("INVALID_REQUEST", "Duplicate resource.") : null);
    if (fault !== null) return { ...resource, ...fault };
    const changes = changesOf(asked);
    if ("errorCode" in changes) return { ...resource, ...changes };
    const refusal = alterationFault(view, resource, changes, context);
    if (refusal !== null) return { ...resource, ...refusal };
    records.push(...recordsOf(view, resource, changes));
    return { ...resource, ...NO_ERROR };
  });
  if (records.length <= RECORDS_PER_OPERATION_MAX) return { records, responses };
  const refused = responses.map(({ resourceType, resourceName }) => ({
    resourceType,
    resourceName,
    ...EXCESSIVE_BATCH,
  }));
  return { records: [], responses: refused };
}

/** What the view and the caller say on configs of every resource. */
export const configRules = (view: MetadataImage, { caller }: ControlContext): ConfigRules => ({
  clusterDefaults: clusterDefaults(view.configs),
  hasCordonedDirectories: view.features.metadataVersion >= MV_CORDONED_DIRECTORIES,
  isForwarded: caller.isForwarded,
});

const keyOf = ({ resourceType, resourceName }: Resource): string =>
  `${resourceType}:${resourceName}`;

function typeFault({ resourceType }: Resource): ApiError | null {
  const known: readonly number[] = Object.values(CONFIG_RESOURCE);
  if (known.includes(resourceType)) return null;
  if (resourceType === BROKER_LOGGER) {
    return apiError("INVALID_REQUEST", "Loggers are configured on the node they belong to.");
  }
  return apiError("UNSUPPORTED_VERSION", `Unknown resource type ${resourceType}.`);
}

function alterationFault(
  view: MetadataImage,
  resource: Resource,
  changes: readonly ConfigChange[],
  context: ControlContext,
): ApiError | null {
  const { resourceType, resourceName } = resource;
  const before = configsOf(view.configs, resourceType, resourceName);
  const after = new Map(before);
  for (const [name, value] of changes) {
    if (value === null) after.delete(name);
    else after.set(name, value);
  }
  const rules = configRules(view, context);
  const minIsrFault = minIsrRefusal(view, resource, changes);
  return (
    (minIsrFault === null ? null : apiError("INVALID_CONFIG", minIsrFault)) ??
    faultOf(changesRefusal(resource, changes, before, rules)) ??
    nameFault(resource) ??
    faultOf(configsRefusal(resource, { after, before }, rules)) ??
    existenceFault(view, resource, changes, context) ??
    alterationViolation(context.config.policies, resource, changes, {
      after,
      clusterDefaults: rules.clusterDefaults,
    })
  );
}

/** The number that the name of a broker's configs spells, as Java reads it; null where it is none. */
export function nodeIdIn(name: string): number | null {
  const id = Number(name);
  return /^[+-]?\d+$/.test(name) && Math.abs(id) < 2 ** 31 ? id : null;
}

function nameFault({ resourceType, resourceName }: Resource): ApiError | null {
  switch (resourceType) {
    case CONFIG_RESOURCE.TOPIC: {
      if (resourceName === "") return badRequest("Default topic resources are not allowed.");
      const fault = topicNameRefusal(resourceName);
      return fault === null ? null : apiError("INVALID_TOPIC_EXCEPTION", fault);
    }
    case CONFIG_RESOURCE.BROKER: {
      if (resourceName === "") return null;
      const brokerId = nodeIdIn(resourceName);
      if (brokerId === null) return badRequest("Unable to parse broker name as a base 10 number.");
      return brokerId < 0 ? badRequest("Invalid negative broker ID.") : null;
    }
    case CONFIG_RESOURCE.CLIENT_METRICS:
      return resourceName === "" ? badRequest("Subscription name can't be empty") : null;
    default:
      return resourceName === "" ? badRequest("Default group resources are not allowed.") : null;
  }
}

const badRequest = (message: string): ApiError => apiError("INVALID_REQUEST", message);

const faultOf = (refusal: ConfigsRefusal | null): ApiError | null =>
  refusal === null ? null : apiError(refusal.error, refusal.message);

/**
 * Groups and subscriptions come into being by being configured; topics and nodes do not. What a broker left behind
 * when it was unregistered can be deleted: Kafka refuses that until a broker is registered under the id again, and has
 * inherited it.
 */
function existenceFault(
  view: MetadataImage,
  { resourceType, resourceName }: Resource,
  changes: readonly ConfigChange[],
  context: ControlContext,
): ApiError | null {
  if (resourceType === CONFIG_RESOURCE.TOPIC) {
    if (topicByName(view.topics, resourceName) !== undefined) return null;
    return apiError("UNKNOWN_TOPIC_OR_PARTITION", `The topic '${resourceName}' does not exist.`);
  }
  if (resourceType !== CONFIG_RESOURCE.BROKER || resourceName === "") return null;
  const nodeId = Number(resourceName);
  const left = configsOf(view.configs, resourceType, resourceName);
  const isKnown =
    (left.size > 0 && changes.every(([name, value]) => value === null && left.has(name))) ||
    brokerById(view.cluster, nodeId) !== undefined ||
    view.cluster.controllers.has(nodeId) ||
    context.controllers.some(({ id }) => id === nodeId);
  return isKnown ? null : apiError("BROKER_ID_NOT_REGISTERED", `No node with id ${nodeId} found.`);
}

/** Only what changes is written, but all that is asked of a broker: it reloads key stores on it (KAFKA-14136). */
function* recordsOf(
  view: MetadataImage,
  resource: Resource,
  changes: readonly ConfigChange[],
): Generator<MetadataRecord, void, undefined> {
  const { resourceType, resourceName } = resource;
  const current = configsOf(view.configs, resourceType, resourceName);
  const isBroker = resourceType === CONFIG_RESOURCE.BROKER;
  for (const [name, value] of changes) {
    if (!isBroker && (current.get(name) ?? null) === value) continue;
    yield { type: "CONFIG_RECORD", version: 0, data: { ...resource, name, value } };
    yield* recordsAfterConfigChange(view, resource, name);
  }
}
