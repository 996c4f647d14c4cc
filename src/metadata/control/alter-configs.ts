/**
 * AlterConfigs (KIP-133), the older of the two: the configs of a resource are replaced as a whole, so what the request
 * does not name is deleted.
 */
import {
  AlterConfigs,
  type AlterConfigsRequest,
  type AlterConfigsResponse,
} from "../../protocol/index.ts";
import type { ConfigChange } from "../configs/validate.ts";
import { configsOf } from "../image/configs-image.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import { alterResources, givenFault } from "./config-alteration.ts";
import { operation, type ControlContext, type ControlResult } from "./operation.ts";
import type { ApiError } from "./api-error.ts";

type RequestedResource = AlterConfigsRequest["resources"][number];

export const alterConfigs = operation(AlterConfigs, { kind: "write", run });

function run(
  view: MetadataImage,
  request: AlterConfigsRequest,
  context: ControlContext,
): ControlResult<AlterConfigsResponse> {
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
  const fault = givenFault(
    resource,
    configs.filter(({ value }) => value === null),
  );
  if (fault !== null) return fault;
  const given = new Set(configs.map(({ name }) => name));
  const current = configsOf(view.configs, resourceType, resourceName);
  const dropped = [...current.keys()].filter((name) => !given.has(name)).toSorted();
  return [
    ...configs.map(({ name, value }): ConfigChange => [name, value]),
    ...dropped.map((name): ConfigChange => [name, null]),
  ];
}
