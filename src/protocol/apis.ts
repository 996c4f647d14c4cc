/**
 * All APIs of a controller listener, to be found by key or by name.
 */
import type { ApiName } from "./api-keys.ts";
import { Fetch } from "./messages/fetch.ts";
import { SaslHandshake } from "./messages/sasl-handshake.ts";
import { ApiVersions } from "./messages/api-versions.ts";
import { CreateTopics } from "./messages/create-topics.ts";
import { DeleteTopics } from "./messages/delete-topics.ts";
import { DescribeAcls } from "./messages/describe-acls.ts";
import { CreateAcls } from "./messages/create-acls.ts";
import { DeleteAcls } from "./messages/delete-acls.ts";
import { DescribeConfigs } from "./messages/describe-configs.ts";
import { AlterConfigs } from "./messages/alter-configs.ts";
import { SaslAuthenticate } from "./messages/sasl-authenticate.ts";
import { CreatePartitions } from "./messages/create-partitions.ts";
import { CreateDelegationToken } from "./messages/create-delegation-token.ts";
import { RenewDelegationToken } from "./messages/renew-delegation-token.ts";
import { ExpireDelegationToken } from "./messages/expire-delegation-token.ts";
import { DescribeDelegationToken } from "./messages/describe-delegation-token.ts";
import { ElectLeaders } from "./messages/elect-leaders.ts";
import { IncrementalAlterConfigs } from "./messages/incremental-alter-configs.ts";
import { AlterPartitionReassignments } from "./messages/alter-partition-reassignments.ts";
import { ListPartitionReassignments } from "./messages/list-partition-reassignments.ts";
import { AlterClientQuotas } from "./messages/alter-client-quotas.ts";
import { DescribeUserScramCredentials } from "./messages/describe-user-scram-credentials.ts";
import { AlterUserScramCredentials } from "./messages/alter-user-scram-credentials.ts";
import { Vote } from "./messages/vote.ts";
import { BeginQuorumEpoch } from "./messages/begin-quorum-epoch.ts";
import { EndQuorumEpoch } from "./messages/end-quorum-epoch.ts";
import { DescribeQuorum } from "./messages/describe-quorum.ts";
import { AlterPartition } from "./messages/alter-partition.ts";
import { UpdateFeatures } from "./messages/update-features.ts";
import { Envelope } from "./messages/envelope.ts";
import { FetchSnapshot } from "./messages/fetch-snapshot.ts";
import { DescribeCluster } from "./messages/describe-cluster.ts";
import { BrokerRegistration } from "./messages/broker-registration.ts";
import { BrokerHeartbeat } from "./messages/broker-heartbeat.ts";
import { UnregisterBroker } from "./messages/unregister-broker.ts";
import { UnregisterController } from "./messages/unregister-controller.ts";
import { AllocateProducerIds } from "./messages/allocate-producer-ids.ts";
import { ControllerRegistration } from "./messages/controller-registration.ts";
import { AssignReplicasToDirs } from "./messages/assign-replicas-to-dirs.ts";
import { AddRaftVoter } from "./messages/add-raft-voter.ts";
import { RemoveRaftVoter } from "./messages/remove-raft-voter.ts";
import { UpdateRaftVoter } from "./messages/update-raft-voter.ts";
import { FenceBroker } from "./messages/fence-broker.ts";
import type { Api } from "./schema/api.ts";

/** Every API, by name. */
export const apis = {
  Fetch,
  SaslHandshake,
  ApiVersions,
  CreateTopics,
  DeleteTopics,
  DescribeAcls,
  CreateAcls,
  DeleteAcls,
  DescribeConfigs,
  AlterConfigs,
  SaslAuthenticate,
  CreatePartitions,
  CreateDelegationToken,
  RenewDelegationToken,
  ExpireDelegationToken,
  DescribeDelegationToken,
  ElectLeaders,
  IncrementalAlterConfigs,
  AlterPartitionReassignments,
  ListPartitionReassignments,
  AlterClientQuotas,
  DescribeUserScramCredentials,
  AlterUserScramCredentials,
  Vote,
  BeginQuorumEpoch,
  EndQuorumEpoch,
  DescribeQuorum,
  AlterPartition,
  UpdateFeatures,
  Envelope,
  FetchSnapshot,
  DescribeCluster,
  BrokerRegistration,
  BrokerHeartbeat,
  UnregisterBroker,
  AllocateProducerIds,
  ControllerRegistration,
  AssignReplicasToDirs,
  AddRaftVoter,
  RemoveRaftVoter,
  UpdateRaftVoter,
  UnregisterController,
  FenceBroker,
} as const satisfies Readonly<Record<ApiName, Api>>;

export type Apis = typeof apis;

const byKey = new Map<number, Api>(Object.values(apis).map((api) => [api.key, api]));

/** The API of a request header, if this listener knows it. */
export const apiByKey = (key: number): Api | undefined => byKey.get(key);

export const isApiName = (name: string): name is ApiName => Object.hasOwn(apis, name);

/** The API of that name, if there is one; names are Kafka's, with their capitals. */
export const apiByName = (name: string): Api | undefined =>
  isApiName(name) ? apis[name] : undefined;
