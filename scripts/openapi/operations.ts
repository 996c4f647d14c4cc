/**
 * What each route is for, what it takes, what it answers when nothing is wrong, and a request that shows it. The routes
 * and their parameters are the Worker's own tables; a route that is not here, or no more there, fails the build of the
 * document.
 */
import type { GenericSchema } from "valibot";
import { READ_BATCH } from "../../worker/batches/read-batch.ts";
import { CLUSTER_REQUEST } from "../../worker/clusters/cluster-requests.ts";
import { NODE_WISH } from "../../worker/clusters/node-wish.ts";
import { CLUSTER_CHANGE } from "../../worker/clusters/setting-requests.ts";
import { ACL_CREATION, ACL_CREATIONS } from "../../worker/routes/acls.ts";
import { QUOTA_ALTERATION } from "../../worker/routes/client-quotas.ts";
import { CONFIG_ALTERATION, CONFIG_VALUE } from "../../worker/routes/config-changes.ts";
import { START } from "../../worker/routes/controllers.ts";
import { FEATURE_ALTERATION } from "../../worker/routes/features.ts";
import { ELECTION } from "../../worker/routes/leader-elections.ts";
import { REASSIGNMENT } from "../../worker/routes/reassignments.ts";
import { USER_ALTERATION } from "../../worker/routes/scram-users.ts";
import { TOKEN_REVOCATION } from "../../worker/routes/token-revocations.ts";
import { TOKEN_REQUEST } from "../../worker/routes/tokens.ts";
import { TOPIC_CREATION, TOPIC_GROWTH } from "../../worker/routes/topic-changes.ts";
import * as a from "./answers.ts";
import { EXAMPLE_CLUSTER } from "./parameters.ts";

/** A type of content other than JSON, whose bytes no schema describes. */
export interface Content {
  readonly type: string;
  readonly description: string;
}

/** JSON, other content of one type or several, or nothing. */
export type Answer = GenericSchema | Content | readonly Content[] | null;

export interface Operation {
  readonly summary: string;
  readonly body?: GenericSchema | Content;
  /** It may be left out. */
  readonly mayLackBody?: true;
  /** By status; null for no body. */
  readonly answers: Readonly<Record<string, Answer>>;
  /** Statuses of refusals besides those that any route has. */
  readonly refusals?: readonly number[];
  /** What the example says; the path is that of the parameters' examples unless said. */
  readonly example?: {
    readonly path?: Readonly<Record<string, string | number>>;
    readonly query?: Readonly<Record<string, string>>;
    readonly body?: unknown;
  };
}

const CLUSTER = "/kafka/v3/clusters/{cluster_id}";
const TOPIC = `${CLUSTER}/topics/{topic_name}`;
const PARTITION = `${TOPIC}/partitions/{partition_id}`;
const NODE = `${CLUSTER}/controllers/{node_id}`;

const FRAME: Content = {
  type: "application/octet-stream",
  description: "One frame of Kafka's, without the four bytes of its size.",
};
const METRICS: Content = {
  type: "text/plain",
  description: "Prometheus' text format 0.0.4, under the names that Kafka's metrics have there.",
};
const FILE: Content = {
  type: "application/octet-stream",
  description: "A snapshot as Kafka writes it (KIP-630).",
};
const LOG: readonly Content[] = [
  {
    type: "application/x-ndjson",
    description: "A range of the log, in the form that is asked for.",
  },
  { type: "text/event-stream", description: "An event for each record." },
  { type: "application/vnd.kafka.records", description: "Record batches as they are stored." },
];

const ORDERS_ACL = {
  resource_type: "TOPIC",
  resource_name: "orders",
  pattern_type: "LITERAL",
  principal: "User:ann",
  host: "*",
  operation: "READ",
  permission: "ALLOW",
};

const read = (
  summary: string,
  answer: GenericSchema,
  more: Partial<Operation> = {},
): Operation => ({
  summary,
  answers: { 200: answer },
  ...more,
});

/** The five operations on what has configs, below `path`. */
const configsOf = (
  path: string,
  which: string,
  {
    list,
    one,
    name,
  }: { readonly list: GenericSchema; readonly one: GenericSchema; readonly name: string },
): Readonly<Record<string, Operation>> => {
  const at = { path: { name } };
  const value = name === "retention.ms" ? "86400000" : "2";
  return {
    [`GET ${path}`]: read(`Lists the configs of ${which}`, list),
    [`GET ${path}/{name}`]: read(`Shows a config of ${which}`, one, { example: at }),
    [`PUT ${path}/{name}`]: {
      summary: `Sets a config of ${which}`,
      body: CONFIG_VALUE,
      answers: { 204: null },
      example: { ...at, body: { value } },
    },
    [`POST ${path}:alter`]: {
      summary: `Sets and resets configs of ${which}, all of them or none`,
      body: CONFIG_ALTERATION,
      answers: { 204: null },
      example: { body: { data: [{ name, value }], validate_only: true } },
    },
    [`DELETE ${path}/{name}`]: {
      summary: `Takes back what a config of ${which} is set to`,
      answers: { 204: null },
      example: at,
    },
  };
};

const DATA_PLANE = { answers: {}, refusals: [501] } as const;

/** By route, as docs/HTTP.md writes it, but for actions, each of which is an operation of its own. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  "GET /openapi.json": {
    summary: "This document",
    answers: { 200: { type: "application/json", description: "OpenAPI 3.1." } },
  },
  "GET /metrics": {
    summary: "Tells what Prometheus keeps of every cluster that the token is for",
    answers: { 200: METRICS },
  },
  "GET /health/live": read("Says that the Worker runs", a.Live),
  "GET /health/ready": {
    summary: "Says whether each cluster can commit now",
    answers: { 200: a.Ready },
    refusals: [404, 410],
    example: { query: { cluster_id: EXAMPLE_CLUSTER } },
  },

  "POST /kafka/v3/tokens": {
    summary: "Makes a token, which is shown this once",
    body: TOKEN_REQUEST,
    answers: { 201: a.Token },
    example: { body: { role: "viewer", cluster_id: EXAMPLE_CLUSTER, expires_in_s: 3600 } },
  },
  "POST /kafka/v3/tokens:revoke": {
    summary: "Ends tokens before their time",
    body: TOKEN_REVOCATION,
    answers: { 200: a.Revocations },
    refusals: [404, 410],
    example: { body: { id: "AAAAAAAAAAAAAAAAAAAAAA", cluster_id: EXAMPLE_CLUSTER } },
  },

  "GET /kafka/v3/clusters": read("Lists the clusters", a.KafkaClusterList),
  "POST /kafka/v3/clusters": {
    summary: "Forms a cluster, or finishes forming it",
    body: CLUSTER_REQUEST,
    mayLackBody: true,
    answers: { 200: a.KafkaCluster, 201: a.KafkaCluster },
    refusals: [404, 410],
    example: { body: { cluster_id: "b0ZyZ0ZkQ3VzdGVyT25lMQ", voters: 1 } },
  },
  [`GET ${CLUSTER}`]: read("Shows a cluster", a.KafkaCluster),
  [`PATCH ${CLUSTER}`]: {
    summary: "Changes settings of a cluster",
    body: CLUSTER_CHANGE,
    answers: { 200: a.ToldCluster },
    example: { body: { settings: { "num.partitions": 3, "default.replication.factor": null } } },
  },
  [`DELETE ${CLUSTER}`]: {
    summary: "Deletes a cluster, for a day at first",
    answers: { 200: a.DeletedCluster, 204: null },
    example: { path: { cluster_id: "b0ZyZ0ZkQ3VzdGVyT25lMQ" } },
  },
  [`POST ${CLUSTER}:undelete`]: {
    summary: "Brings a deleted cluster back",
    answers: { 200: a.ToldCluster },
    example: { path: { cluster_id: "b0ZyZ0ZkQ3VzdGVyT25lMQ" } },
  },

  [`GET ${CLUSTER}/quorum`]: read("Describes the quorum", a.KafkaQuorum),
  [`GET ${CLUSTER}/controllers`]: read("Lists the controllers", a.KafkaControllerList),
  [`POST ${CLUSTER}/controllers`]: {
    summary: "Adds a controller, which becomes a voter when it has caught up (KIP-853)",
    body: NODE_WISH,
    mayLackBody: true,
    answers: { 201: a.KafkaController, 202: a.KafkaController },
    example: { body: { node_id: 3001 }, query: { wait_ms: "60000" } },
  },
  [`GET ${NODE}`]: read("Shows a controller", a.KafkaController),
  [`DELETE ${NODE}`]: {
    summary: "Removes a voter",
    answers: { 200: a.RemovedController },
    example: { path: { node_id: 3001 }, query: { wait_ms: "60000" } },
  },
  [`POST ${NODE}:restart`]: {
    summary: "Drops a controller's memory: it boots from what it has stored",
    answers: { 202: a.RestartedController },
    refusals: [421],
  },
  [`POST ${NODE}:stop`]: {
    summary: "Takes a controller out of the quorum",
    answers: { 200: a.ControllerStatus },
    refusals: [421],
    example: { path: { node_id: 3001 } },
  },
  [`POST ${NODE}:start`]: {
    summary: "Lets a controller take part again",
    body: START,
    mayLackBody: true,
    answers: { 200: a.ControllerStatus },
    refusals: [421],
    example: { path: { node_id: 3001 } },
  },
  [`POST ${NODE}:replace`]: {
    summary: "Puts another controller in the place of a voter",
    body: NODE_WISH,
    mayLackBody: true,
    answers: { 201: a.KafkaController, 202: a.KafkaController },
    example: { path: { node_id: 3001 }, body: { node_id: 3002 }, query: { wait_ms: "60000" } },
  },
  [`POST ${NODE}/frames`]: {
    summary: "Sends one frame of Kafka's to a controller",
    body: FRAME,
    answers: { 200: FRAME },
    refusals: [421],
  },
  [`GET ${NODE}/link`]: {
    summary: "Opens a WebSocket that carries frames (`kedge.link.1`)",
    answers: { 101: null },
    refusals: [421, 426],
  },
  [`GET ${NODE}/relay`]: {
    summary: "Opens a WebSocket by which an observed quorum is reached (`kedge.relay.1`)",
    answers: { 101: null },
    refusals: [421, 426],
  },

  [`POST ${CLUSTER}/brokers/{broker_id}:fence`]: {
    summary: "Ends a broker's session now",
    answers: { 200: a.FencedBroker },
  },

  [`GET ${CLUSTER}/topics`]: read("Lists the topics", a.KafkaTopicList, { refusals: [501] }),
  [`POST ${CLUSTER}/topics`]: {
    summary: "Creates a topic",
    body: TOPIC_CREATION,
    answers: { 200: a.KafkaTopic, 201: a.KafkaTopic },
    example: {
      body: {
        topic_name: "payments",
        partitions_count: 3,
        replication_factor: 1,
        configs: [{ name: "cleanup.policy", value: "compact" }],
      },
    },
  },
  [`GET ${TOPIC}`]: read("Shows a topic", a.KafkaTopic, { refusals: [501] }),
  [`PATCH ${TOPIC}`]: {
    summary: "Gives a topic more partitions",
    body: TOPIC_GROWTH,
    answers: { 200: a.KafkaTopic },
    example: { body: { partitions_count: 4 } },
  },
  [`DELETE ${TOPIC}`]: {
    summary: "Deletes a topic",
    answers: { 204: null },
    example: { path: { topic_name: "payments" } },
  },
  [`GET ${TOPIC}/partitions`]: read("Lists the partitions of a topic", a.KafkaPartitionList),
  [`GET ${PARTITION}`]: read("Shows a partition", a.KafkaPartition),
  [`GET ${PARTITION}/replicas`]: read("Lists the replicas of a partition", a.KafkaReplicaList),
  [`GET ${PARTITION}/replicas/{broker_id}`]: read("Shows a replica", a.KafkaReplica),
  [`GET ${CLUSTER}/topics/-/partitions/-/reassignment`]: read(
    "Lists the partitions on their way to other replicas",
    a.KafkaReassignmentList,
  ),
  [`GET ${CLUSTER}/topics/-/partitions/-/health`]: read(
    "Tells which partitions of each topic are not as they should be",
    a.KafkaPartitionHealthList,
  ),
  [`GET ${TOPIC}/partitions/-/reassignment`]: read(
    "Lists those of a topic that are on their way to other replicas",
    a.KafkaReassignmentList,
  ),
  [`GET ${PARTITION}/reassignment`]: read(
    "Shows where a partition is on its way to",
    a.KafkaReassignment,
  ),
  [`POST ${PARTITION}/reassignment`]: {
    summary: "Moves a partition to other replicas, or cancels the move",
    body: REASSIGNMENT,
    answers: { 200: a.KafkaReassignment },
    example: { body: { replicas: [1] } },
  },

  [`GET ${CLUSTER}/topics/-/configs`]: read(
    "Lists the configs of all topics",
    a.KafkaTopicConfigList,
  ),
  ...configsOf(`${TOPIC}/configs`, "a topic", {
    list: a.KafkaTopicConfigList,
    one: a.KafkaTopicConfig,
    name: "retention.ms",
  }),
  ...configsOf(`${CLUSTER}/broker-configs`, "all brokers", {
    list: a.KafkaClusterConfigList,
    one: a.KafkaClusterConfig,
    name: "log.cleaner.threads",
  }),
  [`GET ${CLUSTER}/brokers/-/configs`]: read(
    "Lists what is set at run time for each broker",
    a.KafkaBrokerConfigList,
  ),
  ...configsOf(`${CLUSTER}/brokers/{broker_id}/configs`, "a broker", {
    list: a.KafkaBrokerConfigList,
    one: a.KafkaBrokerConfig,
    name: "log.cleaner.threads",
  }),

  [`GET ${CLUSTER}/brokers`]: read("Lists the brokers", a.KafkaBrokerList),
  [`GET ${CLUSTER}/brokers/{broker_id}`]: read("Shows a broker", a.KafkaBroker),
  [`GET ${CLUSTER}/brokers/{broker_id}/partition-replicas`]: read(
    "Lists the replicas on a broker",
    a.KafkaReplicaList,
  ),

  [`GET ${CLUSTER}/acls`]: read("Finds access control entries", a.KafkaAclList, {
    example: { query: { resource_type: "TOPIC", principal: "User:ann" } },
  }),
  [`POST ${CLUSTER}/acls`]: {
    summary: "Creates an access control entry",
    body: ACL_CREATION,
    answers: { 201: null },
    example: { body: ORDERS_ACL },
  },
  [`POST ${CLUSTER}/acls:batch`]: {
    summary: "Creates several access control entries",
    body: ACL_CREATIONS,
    answers: { 201: null },
    example: { body: { data: [ORDERS_ACL, { ...ORDERS_ACL, operation: "WRITE" }] } },
  },
  [`DELETE ${CLUSTER}/acls`]: {
    summary: "Deletes access control entries",
    answers: { 200: a.DeletedAcls },
    example: { query: ORDERS_ACL },
  },

  [`GET ${CLUSTER}/features`]: read("Lists the features and their levels", a.KafkaFeatureList),
  [`GET ${CLUSTER}/features/{name}`]: read("Shows a feature", a.KafkaFeature, {
    example: { path: { name: "metadata.version" } },
  }),
  [`POST ${CLUSTER}/features:alter`]: {
    summary: "Moves features to other levels (KIP-584)",
    body: FEATURE_ALTERATION,
    answers: { 204: null },
    example: { body: { data: [{ name: "metadata.version", level: 25 }], validate_only: true } },
  },
  [`GET ${CLUSTER}/client-quotas`]: read("Lists the client quotas", a.KafkaClientQuotaList),
  [`GET ${CLUSTER}/client-quotas/{entity}`]: read(
    "Shows the quotas of one entity",
    a.KafkaClientQuota,
  ),
  [`POST ${CLUSTER}/client-quotas:alter`]: {
    summary: "Sets and removes client quotas",
    body: QUOTA_ALTERATION,
    answers: { 204: null },
    example: {
      body: {
        data: [
          {
            entity: [{ entity_type: "user", entity_name: "ann" }],
            quotas: { producer_byte_rate: 1000 },
          },
        ],
      },
    },
  },
  [`GET ${CLUSTER}/scram-users`]: read(
    "Lists the users with SCRAM credentials",
    a.KafkaScramUserList,
  ),
  [`GET ${CLUSTER}/scram-users/{user}`]: read("Shows a user's SCRAM credentials", a.KafkaScramUser),
  [`POST ${CLUSTER}/scram-users:alter`]: {
    summary: "Writes and removes SCRAM credentials",
    body: USER_ALTERATION,
    answers: { 204: null },
    example: {
      body: {
        upsertions: [
          {
            user: "bob",
            mechanism: "SCRAM-SHA-256",
            iterations: 8192,
            salt: "YSBzYWx0IG9mIHNvbWUgbGVuZ3Ro",
            salted_password: "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg=",
          },
        ],
      },
    },
  },
  [`POST ${CLUSTER}/leader-elections`]: {
    summary: "Elects leaders of partitions",
    body: ELECTION,
    answers: { 200: a.KafkaLeaderElectionList },
    example: {
      body: {
        election_type: "PREFERRED",
        topic_partitions: [{ topic_name: "orders", partition_ids: [0] }],
      },
    },
  },

  [`GET ${CLUSTER}/consumer-groups`]: { summary: "A broker's: consumer groups", ...DATA_PLANE },
  [`GET ${CLUSTER}/consumer-groups/{path}`]: {
    summary: "A broker's: consumer groups, one by one",
    ...DATA_PLANE,
  },
  [`GET ${PARTITION}/offset`]: { summary: "A broker's: offsets", ...DATA_PLANE },
  [`POST ${TOPIC}/records`]: { summary: "A broker's: records", ...DATA_PLANE },
  [`POST ${TOPIC}/records:batch`]: { summary: "A broker's: records in batches", ...DATA_PLANE },

  [`GET ${CLUSTER}/metrics`]: {
    summary: "Tells what Prometheus keeps of the cluster",
    answers: { 200: METRICS },
  },
  [`GET ${CLUSTER}/reads`]: {
    summary: "Opens a WebSocket on which every message is a batch of reads (`kedge.reads.1`)",
    answers: { 101: null },
    refusals: [426],
  },
  [`POST ${CLUSTER}/reads`]: {
    summary: "Reads many paths from one image",
    body: READ_BATCH,
    answers: { 200: a.AnsweredBatch },
    example: { body: { paths: ["topics/orders/partitions", "brokers"], max_staleness_ms: 1_000 } },
  },
  [`GET ${CLUSTER}/metadata-log`]: {
    summary: "Reads a range of the committed log",
    answers: { 200: LOG },
    refusals: [406, 409],
  },
  [`GET ${CLUSTER}/metadata-diff`]: read(
    "Tells what changed between two offsets",
    a.KafkaMetadataDiff,
  ),
  [`GET ${CLUSTER}/snapshots`]: read("Lists the snapshots", a.KafkaSnapshotList),
  [`GET ${CLUSTER}/snapshots/latest`]: {
    summary: "Reads the newest snapshot",
    answers: { 200: FILE },
  },
  [`GET ${CLUSTER}/snapshots/{id}`]: { summary: "Reads a snapshot", answers: { 200: FILE } },
};
