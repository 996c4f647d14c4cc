/**
 * How every operation is run for somebody from outside: with the authorizer of the cluster between the request and the
 * operation, on the very view that the operation reads. Kafka: `ControllerApis` with `AuthHelper`.
 *
 * What is not known to be allowed is denied: an API without a row in `DEMANDS`, and one whose row asks of topics or
 * resources and that has no guard here which knows where its request names them.
 */
import {
  apis,
  errorResponse,
  type ApiError,
  type ApiName,
  type Apis,
  type ResponseOf,
} from "../../protocol/index.ts";
import type { AuthorizerSettings } from "../access/access.ts";
import { DEMANDS, DENIED, type Demand } from "../access/demands.ts";
import { apiError } from "../control/api-error.ts";
import type { Caller, ControlResult } from "../control/operation.ts";
import type { AclsImage } from "../image/acls-image.ts";
import type { Call, Guard } from "./guard.ts";
import { Judge, onTheCluster, type Denial } from "./judge.ts";
import { alterConfigs, describeConfigs, incrementalAlterConfigs } from "./on-config-resources.ts";
import { clusterDenial, describeCluster } from "./on-the-cluster.ts";
import { createDelegationToken } from "./on-token-owners.ts";
import { createPartitions, createTopics, deleteTopics } from "./on-topics.ts";

type Guards<Kind extends Demand["on"]> = { readonly [Name in ApiName]?: Guard<Apis[Name], Kind> };

const ON_TOPICS: Guards<"each-topic"> = {
  CreateTopics: createTopics,
  DeleteTopics: deleteTopics,
  CreatePartitions: createPartitions,
};

const ON_CONFIG_RESOURCES: Guards<"each-config-resource"> = {
  AlterConfigs: alterConfigs,
  IncrementalAlterConfigs: incrementalAlterConfigs,
  DescribeConfigs: describeConfigs,
};

const ON_OWNERS: Guards<"another-owner"> = { CreateDelegationToken: createDelegationToken };

/** Those whose answer depends on who asks; the others need none. */
const ON_THE_CLUSTER: Guards<"cluster"> = { DescribeCluster: describeCluster };

/** What an operation gives back, and what of it was denied. */
export interface AuthorizedResult<Response> extends ControlResult<Response> {
  readonly denials: readonly Denial[];
}

/** `settings` null: the cluster has no authorizer, or nobody is asked who comes this way. */
export function runAuthorized<Name extends ApiName>(
  name: Name,
  call: Call<Apis[Name]>,
  settings: AuthorizerSettings | null,
): AuthorizedResult<ResponseOf<Apis[Name]>> {
  if (settings === null) return { ...plainly(call), denials: [] };
  const judge = new Judge(call.view.acls, call.context.caller, settings);
  const result = guarded(name, call, judge);
  return { ...result, denials: judge.denials };
}

/** Why a request that no operation answers is denied as a whole. */
export interface WholeDenial {
  readonly error: ApiError;
  readonly denials: readonly Denial[];
}

/** Null where it is allowed. Only what asks of the cluster or of nothing can be. */
export function wholeDenial(
  name: ApiName,
  { acls, caller }: { readonly acls: AclsImage; readonly caller: Caller },
  settings: AuthorizerSettings,
): WholeDenial | null {
  const judge = new Judge(acls, caller, settings);
  const error = wholeError(name, judge);
  return error === null ? null : { error, denials: judge.denials };
}

function wholeError(name: ApiName, judge: Judge): ApiError | null {
  const demand = DEMANDS[name];
  if (demand?.on === "nothing") return null;
  if (demand?.on !== "cluster") return undecided(name);
  return judge.grants(onTheCluster(demand.operation))
    ? null
    : clusterDenial(name, demand.operation);
}

const undecided = (name: ApiName): ApiError =>
  apiError(DENIED.CLUSTER.error, `No rule of this build says who may send ${name}.`);

const plainly = <Name extends ApiName>({
  operation,
  view,
  request,
  context,
}: Call<Apis[Name]>): ControlResult<ResponseOf<Apis[Name]>> =>
  operation.run(view, request, context);

function guarded<Name extends ApiName>(
  name: Name,
  call: Call<Apis[Name]>,
  judge: Judge,
): ControlResult<ResponseOf<Apis[Name]>> {
  const demand = DEMANDS[name];
  if (demand?.on === "each-topic") {
    const guard = ON_TOPICS[name];
    if (guard !== undefined) return guard(call, demand, judge);
  }
  if (demand?.on === "each-config-resource") {
    const guard = ON_CONFIG_RESOURCES[name];
    if (guard !== undefined) return guard(call, demand, judge);
  }
  if (demand?.on === "another-owner") {
    const guard = ON_OWNERS[name];
    if (guard !== undefined) return guard(call, demand, judge);
  }
  if (demand?.on === "cluster") {
    const guard = ON_THE_CLUSTER[name];
    if (guard !== undefined) return guard(call, demand, judge);
  }
  const error = wholeError(name, judge);
  if (error === null) return plainly(call);
  const { request: body, context } = call;
  const { apiVersion } = context;
  return { records: [], response: errorResponse(apis[name], { body, apiVersion }, error) };
}
