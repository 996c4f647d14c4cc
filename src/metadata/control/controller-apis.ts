/**
 * Every API that the metadata core answers, by name: the shell dispatches on this table and knows no rule. The one
 * cast of this folder is here: the shell has decoded the request with the schema of that very API.
 */
import type { ApiName } from "../../protocol/index.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import { allocateProducerIds } from "./allocate-producer-ids.ts";
import { alterConfigs } from "./alter-configs.ts";
import { alterPartition } from "./alter-partition.ts";
import { alterPartitionReassignments } from "./alter-partition-reassignments.ts";
import { assignReplicasToDirs } from "./assign-replicas-to-dirs.ts";
import { heartbeat } from "./broker-heartbeat.ts";
import { registerBroker } from "./broker-registration.ts";
import { registerController } from "./controller-registration.ts";
import { createPartitions } from "./create-partitions.ts";
import { createTopics } from "./create-topics.ts";
import { deleteTopics } from "./delete-topics.ts";
import { describeCluster } from "./describe-cluster.ts";
import { describeConfigs } from "./describe-configs.ts";
import { electLeaders } from "./elect-leaders.ts";
import { incrementalAlterConfigs } from "./incremental-alter-configs.ts";
import { listPartitionReassignments } from "./list-partition-reassignments.ts";
import { unregisterBroker } from "./unregister-broker.ts";
import { updateFeatures } from "./update-features.ts";
import type { ControlContext, ControlOperation, ControlResult } from "./operation.ts";

export interface ControllerApi {
  /** A read writes no records whatever is asked; it may run against the committed image. */
  readonly kind: "read" | "write";
  /** `request` is a decoded request of the API, and the response a value of its response. */
  handle(view: MetadataImage, request: unknown, context: ControlContext): ControlResult<unknown>;
}

function served<Request, Response>(
  kind: ControllerApi["kind"],
  operation: ControlOperation<Request, Response>,
): ControllerApi {
  return {
    kind,
    handle: (view, request, context) =>
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- decoded by the schema of this API
      operation(view, request as Request, context),
  };
}

export const controllerApis: ReadonlyMap<ApiName, ControllerApi> = new Map<ApiName, ControllerApi>([
  ["CreateTopics", served("write", createTopics)],
  ["DeleteTopics", served("write", deleteTopics)],
  ["DescribeConfigs", served("read", describeConfigs)],
  ["AlterConfigs", served("write", alterConfigs)],
  ["CreatePartitions", served("write", createPartitions)],
  ["ElectLeaders", served("write", electLeaders)],
  ["IncrementalAlterConfigs", served("write", incrementalAlterConfigs)],
  ["AlterPartitionReassignments", served("write", alterPartitionReassignments)],
  ["ListPartitionReassignments", served("read", listPartitionReassignments)],
  ["AlterPartition", served("write", alterPartition)],
  ["UpdateFeatures", served("write", updateFeatures)],
  ["DescribeCluster", served("read", describeCluster)],
  ["BrokerRegistration", served("write", registerBroker)],
  ["BrokerHeartbeat", served("write", heartbeat)],
  ["UnregisterBroker", served("write", unregisterBroker)],
  ["AllocateProducerIds", served("write", allocateProducerIds)],
  ["ControllerRegistration", served("write", registerController)],
  ["AssignReplicasToDirs", served("write", assignReplicasToDirs)],
]);
