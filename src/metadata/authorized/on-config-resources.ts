/**
 * The APIs that ask of each resource whose configs are read or altered.
 */
import type { Apis, ApiName, DescribeConfigsResponse } from "../../protocol/index.ts";
import { configsAccess, DENIED } from "../access/demands.ts";
import { apiError, type ApiError } from "../control/api-error.ts";
import { repeatedResources } from "../control/config-alteration.ts";
import { part, type DemandOn, type Guard } from "./guard.ts";
import type { Judge } from "./judge.ts";

type OnEachResource = DemandOn<"each-config-resource">;
type ConfigGuard<Name extends ApiName> = Guard<Apis[Name], "each-config-resource">;

type DescribedResource = DescribeConfigsResponse["results"][number];

interface Named {
  readonly resourceType: number;
  readonly resourceName: string;
}

export const describeConfigs: ConfigGuard<"DescribeConfigs"> = (
  { operation, view, request, context },
  demand,
  judge,
) => {
  const parted = part(request.resources, (resource): DescribedResource | null => {
    const denial = denialOf(resource, demand, judge);
    return denial === null ? null : { ...denial, configs: [] };
  });
  const allowed = { ...request, resources: parted.allowed };
  const { response, ...rest } = operation.run(view, allowed, context);
  return { ...rest, response: { ...response, results: parted.answered(response.results) } };
};

export const alterConfigs: ConfigGuard<"AlterConfigs"> = (
  { operation, view, request, context },
  demand,
  judge,
) => {
  const parted = partAlterations(request.resources, demand, judge);
  const allowed = { ...request, resources: parted.allowed };
  const { response, ...rest } = operation.run(view, allowed, context);
  return { ...rest, response: { ...response, responses: parted.answered(response.responses) } };
};

export const incrementalAlterConfigs: ConfigGuard<"IncrementalAlterConfigs"> = (
  { operation, view, request, context },
  demand,
  judge,
) => {
  const parted = partAlterations(request.resources, demand, judge);
  const allowed = { ...request, resources: parted.allowed };
  const { response, ...rest } = operation.run(view, allowed, context);
  return { ...rest, response: { ...response, responses: parted.answered(response.responses) } };
};

/** What a request names twice is refused to everybody. */
function partAlterations<Resource extends Named>(
  resources: readonly Resource[],
  demand: OnEachResource,
  judge: Judge,
) {
  const isRepeated = repeatedResources(resources);
  return part(resources, (resource) =>
    isRepeated(resource) ? null : denialOf(resource, demand, judge),
  );
}

/** How a resource is denied; null where it is allowed, or where its type is refused to everybody. */
function denialOf(
  { resourceType, resourceName }: Named,
  demand: OnEachResource,
  judge: Judge,
): (Named & ApiError) | null {
  const access = configsAccess(demand, resourceType, resourceName);
  if (access === null || judge.grants(access)) return null;
  const { error, message } = DENIED[access.resourceType];
  return { resourceType, resourceName, ...apiError(error, message) };
}
