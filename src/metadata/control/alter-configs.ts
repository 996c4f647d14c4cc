/**
 * AlterConfigs (KIP-133), the older of the two: the configs of a resource are replaced as a whole, so what the request
 * does not name is deleted.
 */
import type { AlterConfigsRequest, AlterConfigsResponse } from "../../protocol/index.ts";
import { CONFIG_RESOURCE, configsOf } from "../image/configs-image.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import { alterResources, type ConfigChange } from "./config-alteration.ts";
import type { ControlContext, ControlResult } from "./operation.ts";
import { refuse, type Outcome } from "./refusal.ts";

type RequestedResource = AlterConfigsRequest["resources"][number];

export function alterConfigs(
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
  { resourceType, resourceName, configs }: RequestedResource,
): readonly ConfigChange[] | Outcome {
  const names = configs.map(({ name }) => name);
  const repeated = new Set(names.filter((name, index) => names.indexOf(name) !== index));
  if (repeated.size > 0) {
    const message = `Error due to duplicate config keys : ${[...repeated].join(",")}`;
    return refuse("INVALID_REQUEST", message);
  }
  const nulls = configs.filter(({ value }) => value === null).map(({ name }) => name);
  if (nulls.length > 0) {
    return resourceType === CONFIG_RESOURCE.TOPIC
      ? refuse("INVALID_CONFIG", `Null value not supported for topic configs: ${nulls.join(",")}`)
      : refuse("INVALID_REQUEST", `Null value not supported for : ${nulls.join(",")}`);
  }
  const given = new Set(names);
  const current = configsOf(view.configs, resourceType, resourceName);
  const dropped = [...current.keys()].filter((name) => !given.has(name)).toSorted();
  return [
    ...configs.map(({ name, value }): ConfigChange => [name, value]),
    ...dropped.map((name): ConfigChange => [name, null]),
  ];
}
