/**
 * DescribeConfigs (KIP-133, KIP-226, KIP-569) as a controller answers it: what the log says of topics, brokers, groups
 * and client metrics, and for topics, groups and subscriptions the defaults beside it. A broker's static settings are
 * its own: of a broker only what was altered at run time is told.
 */
import { byText } from "../../std/immutable-map.ts";
import {
  DescribeConfigs,
  ErrorCode,
  type DescribeConfigsRequest,
  type DescribeConfigsResponse,
} from "../../protocol/index.ts";
import { CONFIG_TYPE_CODES, type ConfigDefinition } from "../configs/definition.ts";
import { configType, isSensitive, shownDefinitions } from "../configs/definitions.ts";
import {
  ConfigSource,
  configSynonyms,
  topicConfigSources,
  type ConfigValue,
} from "../configs/effective.ts";
import { brokerById } from "../image/cluster-image.ts";
import { CONFIG_RESOURCE, configsOf } from "../image/configs-image.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import { topicByName } from "../image/topics-image.ts";
import { operation, type ControlContext, type ControlResult } from "./operation.ts";
import { apiError, type ApiError } from "./api-error.ts";
import { nodeIdIn } from "./config-alteration.ts";
import { topicNameRefusal } from "./topic-name.ts";

type RequestedResource = DescribeConfigsRequest["resources"][number];
type ResourceResult = DescribeConfigsResponse["results"][number];
/** A config as the response to DescribeConfigs has it. */
export type DescribedConfig = ResourceResult["configs"][number];

export const describeConfigs = operation(DescribeConfigs, { kind: "read", run });

function run(
  view: MetadataImage,
  request: DescribeConfigsRequest,
  context: ControlContext,
): ControlResult<DescribeConfigsResponse> {
  const results = request.resources.map((resource): ResourceResult => {
    const { resourceType, resourceName, configurationKeys } = resource;
    const fault = resourceFault(view, resource, context);
    if (fault !== null) return { resourceType, resourceName, ...fault, configs: [] };
    // Kafka says "" of success here, where every other API says null.
    const done = { errorCode: ErrorCode.NONE, errorMessage: "" };
    // As by Kafka, an empty list of keys asks for all of them, like null.
    const isForAll = configurationKeys === null || configurationKeys.length === 0;
    const configs = describedConfigs(view, resource)
      .filter(({ name }) => isForAll || configurationKeys.includes(name))
      .map((entry) => (request.includeSynonyms ? entry : { ...entry, synonyms: [] }));
    return { resourceType, resourceName, ...done, configs };
  });
  return { records: [], response: { throttleTimeMs: 0, results } };
}

function resourceFault(
  view: MetadataImage,
  { resourceType, resourceName }: RequestedResource,
  context: ControlContext,
): ApiError | null {
  switch (resourceType) {
    case CONFIG_RESOURCE.TOPIC: {
      const fault = topicNameRefusal(resourceName);
      if (fault !== null) return apiError("INVALID_TOPIC_EXCEPTION", fault);
      return topicByName(view.topics, resourceName) === undefined
        ? apiError("UNKNOWN_TOPIC_OR_PARTITION", null)
        : null;
    }
    case CONFIG_RESOURCE.BROKER:
      if (resourceName !== "" && nodeIdIn(resourceName) === null)
        return apiError(
          "INVALID_REQUEST",
          `Broker id must be an integer, but it is: ${resourceName}`,
        );
      return isNode(view, resourceName, context)
        ? null
        : apiError(
            "INVALID_REQUEST",
            `Unexpected broker id, expected a registered node or empty string, but received ${resourceName}`,
          );
    case CONFIG_RESOURCE.CLIENT_METRICS:
    case CONFIG_RESOURCE.GROUP: {
      if (resourceName !== "") return null;
      const kind = resourceType === CONFIG_RESOURCE.GROUP ? "Group" : "Client metrics subscription";
      return apiError("INVALID_REQUEST", `${kind} name must not be empty`);
    }
    default:
      return apiError("INVALID_REQUEST", `Unsupported resource type: ${resourceType}`);
  }
}

function isNode(view: MetadataImage, name: string, context: ControlContext): boolean {
  if (name === "") return true;
  if (!/^\d{1,10}$/.test(name)) return false;
  const nodeId = Number(name);
  return (
    brokerById(view.cluster, nodeId) !== undefined ||
    view.cluster.controllers.has(nodeId) ||
    context.controllerId === nodeId ||
    // What a broker left behind when it was unregistered must be seen to be deleted.
    configsOf(view.configs, CONFIG_RESOURCE.BROKER, name).size > 0
  );
}

/** The configs of a resource that is there, each with all its synonyms; what is secret has no value. */
export function describedConfigs(
  view: MetadataImage,
  resource: Pick<RequestedResource, "resourceType" | "resourceName">,
): readonly DescribedConfig[] {
  const { resourceType, resourceName } = resource;
  if (resourceType === CONFIG_RESOURCE.BROKER) return brokerEntries(view, resourceName);
  const values = configsOf(view.configs, resourceType, resourceName);
  const definitions = shownDefinitions(resourceType, values);
  if (resourceType === CONFIG_RESOURCE.TOPIC) {
    const sources = topicConfigSources(view.configs, resourceName);
    return definitions.map((definition) =>
      entryOf(resourceType, definition.name, {
        values: configSynonyms(definition, sources),
        // As Kafka has it: where brokers know several units of a config, or none, they have no default for it.
        hasDefault: definition.brokerSynonyms?.length === 1,
      }),
    );
  }
  const isGroup = resourceType === CONFIG_RESOURCE.GROUP;
  const source = isGroup ? ConfigSource.GROUP : ConfigSource.CLIENT_METRICS;
  return definitions.map((definition) =>
    entryOf(resourceType, definition.name, {
      values: valuesOf(definition, values.get(definition.name), source),
      hasDefault: isGroup,
    }),
  );
}

function valuesOf(
  { name, default: fallback }: ConfigDefinition,
  value: string | undefined,
  source: number,
): readonly [ConfigValue, ...ConfigValue[]] {
  // A group's default is what brokers have by that name, where they have it.
  const ofBrokers = `group.${name}`;
  const isOfBrokers =
    source === ConfigSource.GROUP && configType(CONFIG_RESOURCE.BROKER, ofBrokers) !== null;
  const byDefault = {
    name: isOfBrokers ? ofBrokers : name,
    value: fallback,
    source: ConfigSource.DEFAULT,
  };
  return value === undefined ? [byDefault] : [{ name, value, source }, byDefault];
}

const NO_VALUES: ReadonlyMap<string, string> = new Map();

/** A node's own settings, then what holds for all of them. */
function brokerEntries(view: MetadataImage, resourceName: string): readonly DescribedConfig[] {
  const resourceType = CONFIG_RESOURCE.BROKER;
  const forAll = configsOf(view.configs, resourceType, "");
  const isDefault = resourceName === "";
  const own = isDefault ? NO_VALUES : configsOf(view.configs, resourceType, resourceName);
  const names = [...new Set([...own.keys(), ...forAll.keys()])].toSorted(byText);
  return names.flatMap((name) => {
    const values = [
      ...valueFrom(name, own, ConfigSource.DYNAMIC_BROKER),
      ...valueFrom(name, forAll, ConfigSource.DYNAMIC_DEFAULT_BROKER),
    ];
    const [first, ...rest] = values;
    if (first === undefined) return [];
    return [entryOf(resourceType, name, { values: [first, ...rest], hasDefault: false })];
  });
}

function valueFrom(
  name: string,
  values: ReadonlyMap<string, string>,
  source: number,
): readonly ConfigValue[] {
  const value = values.get(name);
  return value === undefined ? [] : [{ name, value, source }];
}

interface Told {
  /** The one that counts first. */
  readonly values: readonly [ConfigValue, ...ConfigValue[]];
  /** Whether the default is one of the synonyms that are told. */
  readonly hasDefault: boolean;
}

/** Secrets, and keys of which it is not known whether they are secret, are told without their values. */
function entryOf(
  resourceType: number,
  name: string,
  { values, hasDefault }: Told,
): DescribedConfig {
  const type = configType(resourceType, name);
  const isSecret = isSensitive(resourceType, name);
  const shown = (value: string): string | null => (isSecret ? null : value);
  return {
    name,
    value: shown(values[0].value),
    readOnly: false,
    configSource: values[0].source,
    isSensitive: isSecret,
    synonyms: values
      .filter(({ source }) => hasDefault || source !== ConfigSource.DEFAULT)
      .map((synonym) => ({ ...synonym, value: shown(synonym.value) })),
    configType: type === null ? 0 : CONFIG_TYPE_CODES[type],
    documentation: null,
  };
}
