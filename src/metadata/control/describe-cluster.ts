/**
 * DescribeCluster on a controller's listener (KIP-919): the registered voters and which of them is active, for tools
 * that were given `--bootstrap-controller`. Brokers answer for brokers. A controller that was registered once and is no
 * voter is not named, as nothing can take its registration back.
 */
import {
  DescribeCluster,
  ErrorCode,
  type DescribeClusterRequest,
  type DescribeClusterResponse,
  type ErrorName,
} from "../../protocol/index.ts";
import type { Operation } from "../access/access.ts";
import { ACL_OPERATION } from "../image/acls-image.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import { MV_CONTROLLER_REGISTRATION } from "../features/levels.ts";
import { operation, type ControlContext, type ControlResult } from "./operation.ts";

const BROKERS = 1;
const CONTROLLERS = 2;
/** Every operation that Kafka knows on the cluster. */
export const CLUSTER_OPERATIONS = [
  "CREATE",
  "ALTER",
  "DESCRIBE",
  "CLUSTER_ACTION",
  "DESCRIBE_CONFIGS",
  "ALTER_CONFIGS",
  "IDEMPOTENT_WRITE",
] as const satisfies readonly Operation[];

export const describeCluster = operation(DescribeCluster, {
  kind: "read",
  run,
  namesActive: true,
  // Between two leaders there is none, and an admin client that is told so waits for a minute before it asks again.
  isPassing: ({ errorCode, controllerId }) => errorCode === ErrorCode.NONE && controllerId === -1,
});

function run(
  view: MetadataImage,
  request: DescribeClusterRequest,
  context: ControlContext,
): ControlResult<DescribeClusterResponse> {
  const refusal = refusalOf(view, request, context);
  if (refusal !== null) return { records: [], response: refusal };
  const voters = new Set(context.controllers.map(({ id }) => id));
  const nodes = [...view.cluster.controllers.values()].flatMap(({ id, listeners }) => {
    const [endpoint] = listeners;
    return endpoint === undefined || !voters.has(id)
      ? []
      : [{ brokerId: id, host: endpoint.host, port: endpoint.port, rack: null, isFenced: false }];
  });
  // A client that is told of a controller without being told where it is keeps asking until it gives up.
  const isListed = nodes.some(({ brokerId }) => brokerId === context.activeControllerId);
  const response = DescribeCluster.response.fill({
    endpointType: CONTROLLERS,
    clusterId: context.clusterId,
    controllerId: isListed ? context.activeControllerId : -1,
    brokers: nodes,
    ...(request.includeClusterAuthorizedOperations
      ? { clusterAuthorizedOperations: operationBits(CLUSTER_OPERATIONS) }
      : {}),
  });
  return { records: [], response };
}

/** Operations as responses have them: a bit each, at the place of its number. */
export const operationBits = (operations: readonly Operation[]): number =>
  operations.reduce((bits, name) => bits | (1 << ACL_OPERATION[name]), 0);

function refusalOf(
  view: MetadataImage,
  { endpointType }: DescribeClusterRequest,
  { apiVersion }: ControlContext,
): DescribeClusterResponse | null {
  if (endpointType !== BROKERS && endpointType !== CONTROLLERS) {
    const name = apiVersion === 0 ? "INVALID_REQUEST" : "UNSUPPORTED_ENDPOINT_TYPE";
    return refused(name, `Unsupported endpoint type ${endpointType}`);
  }
  if (endpointType === BROKERS) {
    const name = apiVersion === 0 ? "INVALID_REQUEST" : "MISMATCHED_ENDPOINT_TYPE";
    const message =
      "The request was sent to an endpoint of type CONTROLLER, but we wanted an endpoint of type BROKER";
    return refused(name, message);
  }
  return view.features.metadataVersion < MV_CONTROLLER_REGISTRATION
    ? refused("UNSUPPORTED_VERSION", TOO_OLD_FOR_TOOLS)
    : null;
}

const TOO_OLD_FOR_TOOLS =
  "Direct-to-controller communication is not supported with the current MetadataVersion.";

const refused = (name: ErrorName, errorMessage: string): DescribeClusterResponse =>
  DescribeCluster.response.fill({ errorCode: ErrorCode[name], errorMessage });
