/**
 * DescribeCluster where it tells its caller what he may: the rest of the APIs that ask of the cluster are allowed or
 * denied as a whole, and tell everybody the same.
 */
import { ErrorCode, errorResponse, DescribeCluster, type Apis } from "../../protocol/index.ts";
import { apiError, type ApiError } from "../control/api-error.ts";
import { CLUSTER_OPERATIONS, operationBits } from "../control/describe-cluster.ts";
import { DENIED } from "../access/demands.ts";
import type { Operation } from "../access/access.ts";
import { MV_CONTROLLER_REGISTRATION } from "../features/levels.ts";
import type { Guard } from "./guard.ts";
import { onTheCluster } from "./judge.ts";

/** The whole of a request, refused for want of an operation on the cluster. */
export const clusterDenial = (apiName: string, operation: Operation): ApiError =>
  apiError(DENIED.CLUSTER.error, `Request ${apiName} needs ${operation} permission.`);

export const describeCluster: Guard<Apis["DescribeCluster"], "cluster"> = (
  { operation: { run }, view, request, context },
  { operation, disclosure },
  judge,
) => {
  // Too old a version answers nobody, and is no secret.
  if (view.features.metadataVersion < MV_CONTROLLER_REGISTRATION)
    return run(view, request, context);
  if (!judge.grants(onTheCluster(operation))) {
    const { apiVersion } = context;
    const error = clusterDenial(DescribeCluster.name, operation);
    return {
      records: [],
      response: errorResponse(DescribeCluster, { body: request, apiVersion }, error),
    };
  }
  const { response, ...rest } = run(view, request, context);
  const isTold =
    request.includeClusterAuthorizedOperations && response.errorCode === ErrorCode.NONE;
  if (!isTold || disclosure === null) return { ...rest, response };
  const mayKnow = judge.allows(onTheCluster(disclosure.operation));
  const allowed = CLUSTER_OPERATIONS.filter((each) => mayKnow && judge.allows(onTheCluster(each)));
  return {
    ...rest,
    response: { ...response, clusterAuthorizedOperations: operationBits(allowed) },
  };
};
