/**
 * What each API demands of whoever asks, where a cluster has an authorizer: Kafka's `ControllerApis`, `AclApis` and
 * `ConfigHelper` as a table, the same in every release that is served. It says which question is put to `authorize`;
 * nobody puts it yet.
 *
 * Delegation tokens are not in it: who owns one may renew it, and that no entry says.
 */
import type { ApiName, ErrorName } from "../../protocol/index.ts";
import { CONFIG_RESOURCE } from "../image/configs-image.ts";
import type { Access, Operation } from "./access.ts";

export type Demand =
  /** Nothing: it is how one begins to talk. */
  | { readonly on: "nothing" }
  /** Once, or the whole request is refused. */
  | { readonly on: "cluster"; readonly operation: Operation }
  /** Of each topic by its name; who has the operation on the cluster is not asked of topics. */
  | {
      readonly on: "each-topic";
      readonly operation: Operation;
      readonly orOnCluster: boolean;
      /** What is needed on a topic to be told of it what the request did not: its id's name; its configs. */
      readonly toBeTold: Operation | null;
    }
  /** Of each resource that has configs, on what `guardOfConfigs` names. */
  | { readonly on: "each-config-resource"; readonly operation: Operation };

const onCluster = (operation: Operation): Demand => ({ on: "cluster", operation });

const CLUSTER_ACTION = onCluster("CLUSTER_ACTION");
const ALTER = onCluster("ALTER");
const DESCRIBE = onCluster("DESCRIBE");

export const DEMANDS: { readonly [Name in ApiName]?: Demand } = {
  ApiVersions: { on: "nothing" },
  SaslHandshake: { on: "nothing" },
  SaslAuthenticate: { on: "nothing" },

  CreateTopics: {
    on: "each-topic",
    operation: "CREATE",
    orOnCluster: true,
    toBeTold: "DESCRIBE_CONFIGS",
  },
  DeleteTopics: {
    on: "each-topic",
    operation: "DELETE",
    orOnCluster: true,
    toBeTold: "DESCRIBE",
  },
  CreatePartitions: { on: "each-topic", operation: "ALTER", orOnCluster: false, toBeTold: null },
  AlterConfigs: { on: "each-config-resource", operation: "ALTER_CONFIGS" },
  IncrementalAlterConfigs: { on: "each-config-resource", operation: "ALTER_CONFIGS" },
  DescribeConfigs: { on: "each-config-resource", operation: "DESCRIBE_CONFIGS" },

  ElectLeaders: ALTER,
  AlterPartitionReassignments: ALTER,
  ListPartitionReassignments: DESCRIBE,
  UpdateFeatures: ALTER,
  UnregisterBroker: ALTER,
  // More than on a broker, where anybody may.
  DescribeCluster: ALTER,
  AlterClientQuotas: onCluster("ALTER_CONFIGS"),
  AlterUserScramCredentials: ALTER,
  DescribeAcls: DESCRIBE,
  CreateAcls: ALTER,
  DeleteAcls: ALTER,
  DescribeQuorum: DESCRIBE,
  AddRaftVoter: ALTER,
  RemoveRaftVoter: ALTER,

  Fetch: CLUSTER_ACTION,
  FetchSnapshot: CLUSTER_ACTION,
  Vote: CLUSTER_ACTION,
  BeginQuorumEpoch: CLUSTER_ACTION,
  EndQuorumEpoch: CLUSTER_ACTION,
  UpdateRaftVoter: CLUSTER_ACTION,
  Envelope: CLUSTER_ACTION,
  BrokerRegistration: CLUSTER_ACTION,
  BrokerHeartbeat: CLUSTER_ACTION,
  ControllerRegistration: CLUSTER_ACTION,
  AlterPartition: CLUSTER_ACTION,
  AllocateProducerIds: CLUSTER_ACTION,
  AssignReplicasToDirs: CLUSTER_ACTION,
};

/** What is answered about a resource to whom it is denied; for the cluster, about the whole request. */
export const DENIED: {
  readonly [Type in "TOPIC" | "GROUP" | "CLUSTER"]: ErrorName;
} = {
  TOPIC: "TOPIC_AUTHORIZATION_FAILED",
  GROUP: "GROUP_AUTHORIZATION_FAILED",
  CLUSTER: "CLUSTER_AUTHORIZATION_FAILED",
};

/** The name of the one resource of type CLUSTER. */
export const CLUSTER_NAME = "kafka-cluster";

/**
 * The resource whose entries guard the configs of another: topics and groups their own, the cluster all the rest. Null
 * for a type that has no configs here, which Kafka answers with INVALID_REQUEST.
 */
export function guardOfConfigs(
  resourceType: number,
  resourceName: string,
): (Pick<Access, "resourceName"> & { readonly resourceType: keyof typeof DENIED }) | null {
  switch (resourceType) {
    case CONFIG_RESOURCE.TOPIC:
      return { resourceType: "TOPIC", resourceName };
    case CONFIG_RESOURCE.GROUP:
      return { resourceType: "GROUP", resourceName };
    case CONFIG_RESOURCE.BROKER:
    case CONFIG_RESOURCE.CLIENT_METRICS:
      return { resourceType: "CLUSTER", resourceName: CLUSTER_NAME };
    default:
      return null;
  }
}
