/**
 * What each API demands of whoever asks, where a cluster has an authorizer: Kafka's `ControllerApis`, `AclApis` and
 * `ConfigHelper` as a table, the same in every release that is served. It says which question is put to `authorize`
 * (`../authorized`). Who owns a delegation token, or is named as its renewer, may renew and expire it: no entry says so,
 * and the operations ask for it themselves.
 */
import type { ApiName, ErrorName } from "../../protocol/index.ts";
import { BROKER_LOGGER, CONFIG_RESOURCE } from "../image/configs-image.ts";
import type { Access, Operation, ResourceType } from "./access.ts";

export type Demand =
  /** Nothing: it is how one begins to talk, or the operation itself knows who may. */
  | { readonly on: "nothing" }
  /** Once, or the whole request is refused. */
  | {
      readonly on: "cluster";
      readonly operation: Operation;
      readonly disclosure: Disclosure | null;
    }
  /** Of each topic by its name, before anybody looks whether there is one. */
  | {
      readonly on: "each-topic";
      readonly operation: Operation;
      /** Whether who has the operation on the cluster need not have it on topics. */
      readonly orOnCluster: boolean;
      readonly disclosure: Disclosure | null;
      /** The words beside TOPIC_AUTHORIZATION_FAILED. */
      readonly message: string | null;
    }
  /** Of each resource that has configs; `configsAccess` says on what. */
  | {
      readonly on: "each-config-resource";
      readonly operation: Operation;
      /** What the levels of a node's loggers take instead; null where the API does not know of loggers. */
      readonly onLoggers: Operation | null;
    }
  /** Of the user who is to own something, unless he is the one who asks. */
  | { readonly on: "another-owner"; readonly operation: Operation };

/** What an answer tells only to whom another operation is allowed too, on the same resource. */
export interface Disclosure {
  /**
   * - `existence`: that there is the topic. One that was asked for by name is denied without it, be there one or not;
   *   of one that was asked for by id and is denied, the name is left out.
   * - `configs`: the configs, partition count and replication factor of a topic that was created. Else they are empty,
   *   -1 and -1, and TOPIC_AUTHORIZATION_FAILED stands in `topicConfigErrorCode`.
   * - `operations`: the operations on the cluster that are allowed, where they were asked for; else 0, which is none.
   */
  readonly of: "existence" | "configs" | "operations";
  readonly operation: Operation;
  /** Whether the operation that is demanded brings this one where it is allowed on the cluster. */
  readonly orOnCluster: boolean;
}

const onCluster = (operation: Operation, disclosure: Disclosure | null = null): Demand => ({
  on: "cluster",
  operation,
  disclosure,
});

/** What is answered about a resource to whom it is denied; for the cluster, about the whole request. */
export const DENIED = {
  TOPIC: { error: "TOPIC_AUTHORIZATION_FAILED", message: "Topic authorization failed." },
  GROUP: { error: "GROUP_AUTHORIZATION_FAILED", message: "Group authorization failed." },
  CLUSTER: { error: "CLUSTER_AUTHORIZATION_FAILED", message: "Cluster authorization failed." },
  USER: {
    error: "DELEGATION_TOKEN_AUTHORIZATION_FAILED",
    message: "Delegation Token authorization failed.",
  },
} as const satisfies {
  readonly [Type in ResourceType]?: { readonly error: ErrorName; readonly message: string };
};

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
    disclosure: { of: "configs", operation: "DESCRIBE_CONFIGS", orOnCluster: false },
    message: "Authorization failed.",
  },
  DeleteTopics: {
    on: "each-topic",
    operation: "DELETE",
    orOnCluster: true,
    disclosure: { of: "existence", operation: "DESCRIBE", orOnCluster: true },
    message: DENIED.TOPIC.message,
  },
  CreatePartitions: {
    on: "each-topic",
    operation: "ALTER",
    orOnCluster: false,
    disclosure: null,
    message: null,
  },
  AlterConfigs: { on: "each-config-resource", operation: "ALTER_CONFIGS", onLoggers: null },
  IncrementalAlterConfigs: {
    on: "each-config-resource",
    operation: "ALTER_CONFIGS",
    onLoggers: "CLUSTER_ACTION",
  },
  DescribeConfigs: {
    on: "each-config-resource",
    operation: "DESCRIBE_CONFIGS",
    onLoggers: "DESCRIBE_CONFIGS",
  },

  CreateDelegationToken: { on: "another-owner", operation: "CREATE_TOKENS" },
  RenewDelegationToken: { on: "nothing" },
  ExpireDelegationToken: { on: "nothing" },

  ElectLeaders: ALTER,
  AlterPartitionReassignments: ALTER,
  ListPartitionReassignments: DESCRIBE,
  UpdateFeatures: ALTER,
  UnregisterBroker: ALTER,
  UnregisterController: ALTER,
  // Ours, and no less than that.
  FenceBroker: ALTER,
  // More than on a broker, where anybody may.
  DescribeCluster: onCluster("ALTER", {
    of: "operations",
    operation: "DESCRIBE",
    orOnCluster: false,
  }),
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

/** The name of the one resource of type CLUSTER. */
export const CLUSTER_NAME = "kafka-cluster";

/** A question to `authorize`, but for who asks. */
export type DemandedAccess = Pick<Access, "operation" | "resourceName"> & {
  readonly resourceType: keyof typeof DENIED;
};

/**
 * What has to be allowed to whom reads or alters the configs of a resource: topics and groups guard their own, the
 * cluster all the rest. Null for a type that the API does not know, of which nobody is asked: it is refused anyway.
 */
export function configsAccess(
  { operation, onLoggers }: Extract<Demand, { readonly on: "each-config-resource" }>,
  resourceType: number,
  resourceName: string,
): DemandedAccess | null {
  const onTheCluster = { resourceType: "CLUSTER", resourceName: CLUSTER_NAME } as const;
  switch (resourceType) {
    case CONFIG_RESOURCE.TOPIC:
      return { operation, resourceType: "TOPIC", resourceName };
    case CONFIG_RESOURCE.GROUP:
      return { operation, resourceType: "GROUP", resourceName };
    case CONFIG_RESOURCE.BROKER:
    case CONFIG_RESOURCE.CLIENT_METRICS:
      return { operation, ...onTheCluster };
    case BROKER_LOGGER:
      return onLoggers === null ? null : { operation: onLoggers, ...onTheCluster };
    default:
      return null;
  }
}
