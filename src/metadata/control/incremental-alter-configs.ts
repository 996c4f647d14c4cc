/**
 * IncrementalAlterConfigs (KIP-339): single keys of resources are set, deleted, appended to or subtracted from. What an
 * operation may be is judged here, also where a broker should have done so: nothing a request holds may surprise
 * what comes after.
 */
import {
  IncrementalAlterConfigs,
  type IncrementalAlterConfigsRequest,
  type IncrementalAlterConfigsResponse,
} from "../../protocol/index.ts";
import { listDefault } from "../configs/definitions.ts";
import type { ConfigChange } from "../configs/validate.ts";
import { splitAt } from "../configs/values.ts";
import { configsOf } from "../image/configs-image.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import { alterResources, givenFault } from "./config-alteration.ts";
import { operation, type ControlContext, type ControlResult } from "./operation.ts";
import { apiError, type ApiError } from "./api-error.ts";

type RequestedResource = IncrementalAlterConfigsRequest["resources"][number];
type RequestedConfig = RequestedResource["configs"][number];

const SET = 0;
const DELETE = 1;
const APPEND = 2;
const SUBTRACT = 3;

export const incrementalAlterConfigs = operation(IncrementalAlterConfigs, { kind: "write", run });

function run(
  view: MetadataImage,
  request: IncrementalAlterConfigsRequest,
  context: ControlContext,
): ControlResult<IncrementalAlterConfigsResponse> {
  const { records, responses } = alterResources(view, request.resources, context, (resource) =>
    changesOf(view, resource),
  );
  return {
    records: request.validateOnly ? [] : records,
    response: { throttleTimeMs: 0, responses },
  };
}

function changesOf(
  view: MetadataImage,
  resource: RequestedResource,
): readonly ConfigChange[] | ApiError {
  const { resourceType, resourceName, configs } = resource;
  const fault = requestFault(resource);
  if (fault !== null) return fault;
  const current = configsOf(view.configs, resourceType, resourceName);
  return configs.map((config): ConfigChange => {
    const { name } = config;
    const base = current.get(name) ?? listDefault(resourceType, name) ?? "";
    return [name, valueAfter(config, base)];
  });
}

/** Why these operations cannot be carried out, whatever the values. */
function requestFault(resource: RequestedResource): ApiError | null {
  const { resourceType, configs } = resource;
  const fault = givenFault(
    resource,
    configs.filter((c) => c.configOperation !== DELETE && c.value === null),
  );
  if (fault !== null) return fault;
  for (const { name, configOperation } of configs) {
    if (configOperation < SET || configOperation > SUBTRACT) {
      const message = `Unknown config operation ${configOperation} for key ${name}.`;
      return apiError("INVALID_REQUEST", message);
    }
    if (configOperation < APPEND || listDefault(resourceType, name) !== null) continue;
    const verb = configOperation === APPEND ? "APPEND" : "SUBTRACT";
    const message = `Can't ${verb} to key ${name} because its type is not LIST.`;
    return apiError("INVALID_CONFIG", message);
  }
  return null;
}

/** `base`: what the key holds now, or by default. */
function valueAfter({ configOperation, value }: RequestedConfig, base: string): string | null {
  switch (configOperation) {
    case DELETE:
      return null;
    case APPEND: {
      const elements = [...elementsOf(base)];
      for (const added of splitAt(value ?? "", ",")) {
        if (!elements.includes(added)) elements.push(added);
      }
      return elements.join(",");
    }
    case SUBTRACT: {
      const elements = [...elementsOf(base)];
      for (const removed of splitAt(value ?? "", ",")) {
        const at = elements.indexOf(removed);
        if (at !== -1) elements.splice(at, 1);
      }
      return elements.join(",");
    }
    default:
      return value;
  }
}

const elementsOf = (list: string): readonly string[] =>
  list.split(",").filter((element) => element !== "");
