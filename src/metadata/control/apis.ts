/**
 * Every API that the metadata core answers: one line each, under the class of Kafka's whose work it is. Kafka's
 * `ControllerApis` decodes, authorizes and forwards to `QuorumController`, which hands the work to one of these
 * managers; here a shell looks the API up by name and runs it.
 *
 * To add one, write its operation and its line here. The compiler refuses a line under another API's name, and a test
 * an operation without a line.
 */
import type { ApiName, Apis } from "../../protocol/index.ts";
import { allocateProducerIds } from "./allocate-producer-ids.ts";
import { alterClientQuotas } from "./alter-client-quotas.ts";
import { alterConfigs } from "./alter-configs.ts";
import { alterUserScramCredentials } from "./alter-user-scram-credentials.ts";
import { alterPartition } from "./alter-partition.ts";
import { alterPartitionReassignments } from "./alter-partition-reassignments.ts";
import { assignReplicasToDirs } from "./assign-replicas-to-dirs.ts";
import { heartbeat } from "./broker-heartbeat.ts";
import { registerBroker } from "./broker-registration.ts";
import { registerController } from "./controller-registration.ts";
import { createAcls } from "./create-acls.ts";
import { createDelegationToken } from "./create-delegation-token.ts";
import { createPartitions } from "./create-partitions.ts";
import { createTopics } from "./create-topics.ts";
import { deleteAcls } from "./delete-acls.ts";
import { deleteTopics } from "./delete-topics.ts";
import { describeAcls } from "./describe-acls.ts";
import { describeCluster } from "./describe-cluster.ts";
import { describeConfigs } from "./describe-configs.ts";
import { electLeaders } from "./elect-leaders.ts";
import { expireDelegationToken } from "./expire-delegation-token.ts";
import { fenceBroker } from "./fence-broker.ts";
import { incrementalAlterConfigs } from "./incremental-alter-configs.ts";
import { listPartitionReassignments } from "./list-partition-reassignments.ts";
import type { ControlOperation } from "./operation.ts";
import { renewDelegationToken } from "./renew-delegation-token.ts";
import { unregisterBroker } from "./unregister-broker.ts";
import { unregisterController } from "./unregister-controller.ts";
import { updateFeatures } from "./update-features.ts";

/** A table from the name of an API to its operation; a name that is not in it is not served. */
export type ControllerApis = { readonly [Name in ApiName]?: ControlOperation<Apis[Name]> };

export const controllerApis: ControllerApis = {
  // ReplicationControlManager: topics
  CreateTopics: createTopics,
  DeleteTopics: deleteTopics,
  CreatePartitions: createPartitions,
  // ReplicationControlManager: partitions
  AlterPartition: alterPartition,
  ElectLeaders: electLeaders,
  AlterPartitionReassignments: alterPartitionReassignments,
  ListPartitionReassignments: listPartitionReassignments,
  AssignReplicasToDirs: assignReplicasToDirs,
  // ClusterControlManager, with BrokerHeartbeatManager
  BrokerRegistration: registerBroker,
  BrokerHeartbeat: heartbeat,
  UnregisterBroker: unregisterBroker,
  FenceBroker: fenceBroker,
  ControllerRegistration: registerController,
  UnregisterController: unregisterController,
  DescribeCluster: describeCluster,
  // ConfigurationControlManager; DescribeConfigs is ConfigHelper's
  IncrementalAlterConfigs: incrementalAlterConfigs,
  AlterConfigs: alterConfigs,
  DescribeConfigs: describeConfigs,
  // FeatureControlManager
  UpdateFeatures: updateFeatures,
  // AclControlManager, with AclApis
  CreateAcls: createAcls,
  DeleteAcls: deleteAcls,
  DescribeAcls: describeAcls,
  // ClientQuotaControlManager
  AlterClientQuotas: alterClientQuotas,
  // ScramControlManager
  AlterUserScramCredentials: alterUserScramCredentials,
  // DelegationTokenControlManager
  CreateDelegationToken: createDelegationToken,
  RenewDelegationToken: renewDelegationToken,
  ExpireDelegationToken: expireDelegationToken,
  // ProducerIdControlManager
  AllocateProducerIds: allocateProducerIds,
};
