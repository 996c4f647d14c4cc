/**
 * Who a token makes its bearer. Of the first four each may what the next one may, and more; the last three stand beside
 * them. Which requests of the HTTP interface a role may make is in the Worker's table of routes; which of Kafka's APIs
 * it may call, in a frame or by `/rpc`, is here.
 */
import type { ApiName } from "../protocol/index.ts";

/** What each role is for, in the order of the documents. */
export const ROLES = {
  admin: "clusters, tokens, and who may do what in a cluster",
  operator: "controllers, brokers' registrations, features, forks",
  editor: "topics, configs, quotas, reassignments",
  viewer: "reads, with secrets redacted",
  metrics: "health and metrics",
  broker: "what a broker says, for its own ids alone; the raw log and snapshots",
  gateway: "frames of any broker and tool, whose principal it may name; the raw log and snapshots",
} as const;

export type Role = keyof typeof ROLES;

export const isRole = (text: string): text is Role => Object.hasOwn(ROLES, text);
export const ROLE_NAMES: readonly Role[] = Object.keys(ROLES).filter(isRole);

const LADDER: readonly Role[] = ["viewer", "editor", "operator", "admin"];

/** A role of the ladder and all above it. */
export const from = (lowest: "viewer" | "editor" | "operator" | "admin"): readonly Role[] =>
  LADDER.slice(LADDER.indexOf(lowest));

const ALL_BUT_METRICS: readonly Role[] = [...from("viewer"), "broker", "gateway"];
const BROKERS: readonly Role[] = ["broker", "gateway"];

/**
 * Who may call an API. A gateway speaks for whoever connects to it, so it may call all of them; what its clients may
 * is for the cluster's authorizer, as with a Kafka listener. An API that is not here only controllers call.
 */
export const API_ROLES: { readonly [Name in ApiName]?: readonly Role[] } = {
  ApiVersions: ALL_BUT_METRICS,
  // A broker asks both of its controllers when it starts.
  DescribeCluster: ALL_BUT_METRICS,
  DescribeQuorum: [...ALL_BUT_METRICS, "metrics"],

  DescribeConfigs: [...from("viewer"), "gateway"],
  ListPartitionReassignments: [...from("viewer"), "gateway"],
  // No more than the feed shows.
  DescribeAcls: [...from("viewer"), "gateway"],

  CreateTopics: [...from("editor"), "gateway"],
  DeleteTopics: [...from("editor"), "gateway"],
  CreatePartitions: [...from("editor"), "gateway"],
  AlterConfigs: [...from("editor"), "gateway"],
  IncrementalAlterConfigs: [...from("editor"), "gateway"],
  AlterClientQuotas: [...from("editor"), "gateway"],
  AlterPartitionReassignments: [...from("editor"), "gateway"],
  ElectLeaders: [...from("editor"), "gateway"],

  UpdateFeatures: [...from("operator"), "gateway"],
  UnregisterBroker: [...from("operator"), "gateway"],
  UnregisterController: [...from("operator"), "gateway"],
  // No client of Kafka's knows it, so none speaks it through a gateway.
  FenceBroker: from("operator"),
  AddRaftVoter: [...from("operator"), "gateway"],
  RemoveRaftVoter: [...from("operator"), "gateway"],

  CreateAcls: [...from("admin"), "gateway"],
  DeleteAcls: [...from("admin"), "gateway"],
  AlterUserScramCredentials: [...from("admin"), "gateway"],

  // Of clients whom a broker has authenticated, and which it forwards: to the gateway itself the answer is no.
  CreateDelegationToken: ["gateway"],
  RenewDelegationToken: ["gateway"],
  ExpireDelegationToken: ["gateway"],

  Fetch: BROKERS,
  FetchSnapshot: BROKERS,
  BrokerRegistration: BROKERS,
  BrokerHeartbeat: BROKERS,
  AlterPartition: BROKERS,
  AllocateProducerIds: BROKERS,
  AssignReplicasToDirs: BROKERS,
  Envelope: BROKERS,
};

export const mayCall = (role: Role, api: ApiName): boolean =>
  API_ROLES[api]?.includes(role) ?? false;
