/**
 * What the interface answers, as schemas: the other half of its document. Bodies that a client sends have theirs beside
 * the routes that judge them; answers are judged by nobody but tests, so these stay out of the Worker.
 */
import * as v from "valibot";
import { JURISDICTIONS } from "../../durable-objects/jurisdictions.ts";
import { ROLE_NAMES } from "../../src/access/index.ts";

const text = v.string();
const flag = v.boolean();
const whole = v.pipe(v.number(), v.integer());
const wholes = v.array(whole);
const isoTime = v.pipe(v.string(), v.isoTimestamp());
const clusterId = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_][A-Za-z0-9_-]{20}[AQgw]$/));
const related = v.strictObject({ related: v.pipe(v.string(), v.url()) });
const self = v.pipe(v.string(), v.url());

const resource = <const Kind extends string, const Entries extends v.ObjectEntries>(
  kind: Kind,
  entries: Entries,
) =>
  v.strictObject({
    kind: v.literal(kind),
    metadata: v.strictObject({ self, resource_name: text }),
    ...entries,
  });

const list = <const Kind extends string, const Item extends v.GenericSchema>(
  kind: Kind,
  item: Item,
) =>
  v.strictObject({
    kind: v.literal(kind),
    metadata: v.strictObject({ self, next: v.nullable(self) }),
    data: v.array(item),
  });

/** A program is told more in some of them, under further names. */
export const Refusal = v.looseObject({ error_code: whole, message: text });

const Unconfirmed = v.strictObject({ node_id: whole, reason: text });

const Snapshot = { end_offset: whole, epoch: whole, timestamp_ms: whole, size: whole };

const Node = v.strictObject({
  node_id: whole,
  host: text,
  port: whole,
  location_hint: v.optional(text),
  directory_id: v.optional(text),
});

/** While it takes part in the quorum. */
const VoterStatus = v.strictObject({
  node_id: whole,
  directory_id: v.optional(text),
  role: text,
  epoch: whole,
  leader_id: whole,
  high_watermark: v.nullable(whole),
  log_start_offset: whole,
  log_end_offset: whole,
  applied_offset: whole,
  latest_snapshot: v.nullable(v.strictObject(Snapshot)),
  snapshot_failure: v.nullable(text),
  is_voter: v.optional(flag),
  active: flag,
  distrusted_voters: wholes,
  tripped: v.nullable(text),
  sleep: v.optional(
    v.strictObject({
      asleep_since_ms: v.nullable(whole),
      count: whole,
      woken_by: v.nullable(text),
    }),
  ),
  observed: v.optional(
    v.strictObject({
      relays: whole,
      age_ms: v.nullable(v.number()),
      problem: v.nullable(text),
      voters: v.array(Node),
    }),
  ),
});

const IdleStatus = v.strictObject({
  node_id: whole,
  role: text,
  active: v.literal(false),
  tripped: v.nullable(text),
  refused: v.nullable(text),
  flight_record: v.nullable(v.looseObject({})),
});

export const ControllerStatus = v.union([VoterStatus, IdleStatus]);

const Cluster = {
  cluster_id: clusterId,
  controllers: v.array(Node),
  metadata_version: whole,
  features: v.optional(v.record(v.string(), whole)),
  settings: v.record(v.string(), v.union([v.number(), flag, text])),
  created_ms: whole,
  observed: v.optional(v.literal(true)),
  jurisdiction: v.optional(v.picklist(Object.keys(JURISDICTIONS))),
  fork_of: v.optional(v.strictObject({ cluster_id: clusterId, offset: whole })),
  deleted_ms: v.optional(whole),
  undelete_until_ms: v.optional(whole),
  controller: v.optional(related),
  acls: related,
  brokers: related,
  broker_configs: related,
  consumer_groups: related,
  topics: related,
  partition_reassignments: related,
  quorum: related,
  metadata_log: related,
  snapshots: related,
};

export const KafkaCluster = resource("KafkaCluster", Cluster);
export const KafkaClusterList = list("KafkaClusterList", KafkaCluster);
export const ToldCluster = resource("KafkaCluster", {
  ...Cluster,
  unconfirmed: v.array(Unconfirmed),
});
export const DeletedCluster = v.strictObject({
  cluster_id: clusterId,
  deleted_ms: whole,
  undelete_until_ms: whole,
  unconfirmed: v.array(Unconfirmed),
});

export const Token = v.strictObject({
  token: text,
  id: text,
  role: v.picklist(ROLE_NAMES),
  cluster_id: text,
  broker_ids: wholes,
  principal: text,
  expires_at: isoTime,
});

export const Revocations = v.strictObject({
  cluster_id: text,
  not_before: v.nullable(isoTime),
  revoked: v.array(v.strictObject({ id: text, expires_at: isoTime })),
  unconfirmed: v.array(v.strictObject({ cluster_id: text, node_id: whole, reason: text })),
  clusters_untold: whole,
});

export const KafkaController = resource("KafkaController", {
  cluster_id: clusterId,
  node_id: whole,
  directory_id: text,
  host: text,
  port: whole,
  status: v.optional(ControllerStatus),
  unreachable: v.optional(text),
});
export const KafkaControllerList = list("KafkaControllerList", KafkaController);
export const RemovedController = v.strictObject({
  node_id: whole,
  removed: v.literal(true),
  unconfirmed: v.nullable(v.unknown()),
});
export const RestartedController = v.strictObject({ node_id: whole, restarted: v.literal(true) });

export const FencedBroker = v.strictObject({
  broker_id: whole,
  fenced: v.literal(true),
  was_fenced: v.boolean(),
  partitions_changed: whole,
});

const ReplicaState = v.strictObject({
  replica_id: whole,
  directory_id: text,
  log_end_offset: whole,
  lag: whole,
  last_fetch_timestamp_ms: whole,
  last_caught_up_timestamp_ms: whole,
});

export const KafkaQuorum = resource("KafkaQuorum", {
  cluster_id: clusterId,
  leader_id: whole,
  leader_epoch: whole,
  high_watermark: whole,
  max_follower_lag: whole,
  max_follower_lag_time_ms: whole,
  voters: v.array(ReplicaState),
  observers: v.array(ReplicaState),
  controllers: v.array(
    v.union([VoterStatus, IdleStatus, v.strictObject({ node_id: whole, unreachable: text })]),
  ),
});

export const KafkaTopic = resource("KafkaTopic", {
  cluster_id: clusterId,
  topic_name: text,
  topic_id: v.nullable(text),
  is_internal: flag,
  replication_factor: whole,
  partitions_count: whole,
  partitions: related,
  configs: related,
  partition_reassignments: related,
});
export const KafkaTopicList = list("KafkaTopicList", KafkaTopic);

const partition = { cluster_id: clusterId, topic_name: text, partition_id: whole };

export const KafkaPartition = resource("KafkaPartition", {
  ...partition,
  leader: v.optional(related),
  replicas: related,
  reassignment: related,
  leader_id: whole,
  leader_epoch: whole,
  partition_epoch: whole,
  leader_recovery_state: v.picklist(["RECOVERED", "RECOVERING"]),
  replica_ids: wholes,
  isr_ids: wholes,
  elr_ids: wholes,
  last_known_elr_ids: wholes,
  adding_replica_ids: wholes,
  removing_replica_ids: wholes,
  directory_ids: v.array(text),
});
export const KafkaPartitionList = list("KafkaPartitionList", KafkaPartition);

export const KafkaReplica = resource("KafkaReplica", {
  ...partition,
  broker_id: whole,
  is_leader: flag,
  is_in_sync: flag,
  broker: related,
});
export const KafkaReplicaList = list("KafkaReplicaList", KafkaReplica);

export const KafkaReassignment = resource("KafkaReassignment", {
  ...partition,
  adding_replicas: wholes,
  removing_replicas: wholes,
  replicas: related,
});
export const KafkaReassignmentList = list("KafkaReassignmentList", KafkaReassignment);

export const KafkaPartitionHealthList = list(
  "KafkaPartitionHealthList",
  v.strictObject({
    cluster_id: clusterId,
    topic_name: text,
    topic_id: text,
    partitions_count: whole,
    offline: wholes,
    under_replicated: wholes,
    not_preferred: wholes,
    reassigning: wholes,
  }),
);

const source = v.picklist([
  "DYNAMIC_TOPIC_CONFIG",
  "DYNAMIC_BROKER_CONFIG",
  "DYNAMIC_DEFAULT_BROKER_CONFIG",
  "STATIC_BROKER_CONFIG",
  "DEFAULT_CONFIG",
  "UNKNOWN",
]);

const config = {
  cluster_id: clusterId,
  name: text,
  value: v.nullable(text),
  is_default: flag,
  is_read_only: flag,
  is_sensitive: flag,
  source,
  synonyms: v.array(v.strictObject({ name: text, value: v.nullable(text), source })),
};
export const KafkaTopicConfig = resource("KafkaTopicConfig", { ...config, topic_name: text });
export const KafkaTopicConfigList = list("KafkaTopicConfigList", KafkaTopicConfig);
export const KafkaBrokerConfig = resource("KafkaBrokerConfig", { ...config, broker_id: whole });
export const KafkaBrokerConfigList = list("KafkaBrokerConfigList", KafkaBrokerConfig);
export const KafkaClusterConfig = resource("KafkaClusterConfig", {
  ...config,
  config_type: v.literal("BROKER"),
});
export const KafkaClusterConfigList = list("KafkaClusterConfigList", KafkaClusterConfig);

export const KafkaBroker = resource("KafkaBroker", {
  cluster_id: clusterId,
  broker_id: whole,
  host: v.nullable(text),
  port: v.nullable(whole),
  rack: v.nullable(text),
  broker_epoch: whole,
  incarnation_id: text,
  fenced: flag,
  in_controlled_shutdown: flag,
  listeners: v.array(
    v.strictObject({ name: text, host: text, port: whole, security_protocol: whole }),
  ),
  features: v.array(
    v.strictObject({ name: text, min_supported_version: whole, max_supported_version: whole }),
  ),
  log_dirs: v.array(text),
  configs: related,
  partition_replicas: related,
});
export const KafkaBrokerList = list("KafkaBrokerList", KafkaBroker);

export const KafkaAcl = v.strictObject({
  kind: v.literal("KafkaAcl"),
  metadata: v.strictObject({ self }),
  cluster_id: clusterId,
  resource_type: text,
  resource_name: text,
  pattern_type: text,
  principal: text,
  host: text,
  operation: text,
  permission: text,
});
export const KafkaAclList = list("KafkaAclList", KafkaAcl);
export const DeletedAcls = v.strictObject({ data: v.array(KafkaAcl) });

export const KafkaFeature = resource("KafkaFeature", {
  cluster_id: clusterId,
  name: text,
  finalized_level: whole,
  finalized_release: v.optional(text),
  min_supported_level: v.nullable(whole),
  max_supported_level: v.nullable(whole),
});
export const KafkaFeatureList = list("KafkaFeatureList", KafkaFeature);

export const KafkaClientQuota = resource("KafkaClientQuota", {
  cluster_id: clusterId,
  entity: v.array(v.strictObject({ entity_type: text, entity_name: v.nullable(text) })),
  quotas: v.record(v.string(), v.number()),
});
export const KafkaClientQuotaList = list("KafkaClientQuotaList", KafkaClientQuota);

export const KafkaScramUser = resource("KafkaScramUser", {
  cluster_id: clusterId,
  user: text,
  credentials: v.array(v.strictObject({ mechanism: text, iterations: whole })),
});
export const KafkaScramUserList = list("KafkaScramUserList", KafkaScramUser);

export const KafkaLeaderElectionList = list(
  "KafkaLeaderElectionList",
  v.strictObject({
    topic_name: text,
    partition_id: whole,
    error: v.nullable(text),
    message: v.nullable(text),
  }),
);

export const KafkaMetadataDiff = v.strictObject({
  ...list(
    "KafkaMetadataDiff",
    v.strictObject({
      entity: text,
      change: v.picklist(["CREATED", "CHANGED", "DELETED"]),
      id: v.record(v.string(), v.unknown()),
      fields: v.record(v.string(), v.strictObject({ from: v.unknown(), to: v.unknown() })),
    }),
  ).entries,
  cluster_id: clusterId,
  from_offset: whole,
  to_offset: whole,
  change_count: whole,
});

/** A batch of reads; what each body is, its path says. */
export const AnsweredBatch = v.strictObject({
  epoch: whole,
  offset: whole,
  answers: v.array(v.strictObject({ status: whole, body: v.looseObject({}) })),
});

export const KafkaSnapshotList = list(
  "KafkaSnapshotList",
  resource("KafkaSnapshot", { cluster_id: clusterId, ...Snapshot, controller_ids: wholes }),
);

export const Live = v.strictObject({ live: v.literal(true) });
export const Ready = v.strictObject({
  ready: flag,
  not_asked: whole,
  clusters: v.array(
    v.strictObject({
      cluster_id: clusterId,
      ready: flag,
      asleep: flag,
      leader_id: v.nullable(whole),
      reason: v.nullable(text),
    }),
  ),
});
