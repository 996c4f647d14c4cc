/**
 * Which roles may use which route. The keys are the routes as they are mounted; a route without a row lets nobody in,
 * and a test sees to it that there is none. Where the answer depends on more than the route, the row has the widest
 * set, and `RAW_ROLES`, or the API that is called, narrows it.
 */
import { from, ROLE_NAMES, type Role } from "../../src/access/index.ts";

/** What cannot be redacted: record batches and snapshots as they are stored. */
export const RAW_ROLES: readonly Role[] = ["broker", "gateway"];

const CLUSTER = "/kafka/v3/clusters/:cluster_id";
const ADMINS = from("admin");
const OPERATORS = from("operator");
const EDITORS = from("editor");
const READERS = from("viewer");
/** All that speak Kafka. */
const SPEAKERS: readonly Role[] = [...READERS, "broker", "gateway"];

/** Null where nobody is asked who they are. */
export const PERMISSIONS: Readonly<Record<string, readonly Role[] | null>> = {
  "GET /": null,
  "GET /:folder{page|client}/:file{[a-z0-9-]+\\.(?:ts|css|svg)}": null,
  "GET /openapi.json": null,
  "GET /health/live": null,
  "GET /health/ready": ROLE_NAMES,
  "GET /metrics": [...READERS, "metrics"],

  "POST /kafka/v3/tokens": ADMINS,
  "POST /kafka/v3/tokens:revoke": ADMINS,

  "GET /kafka/v3/clusters": READERS,
  "POST /kafka/v3/clusters": OPERATORS,
  [`GET ${CLUSTER}`]: SPEAKERS,
  [`PATCH ${CLUSTER}`]: OPERATORS,
  [`DELETE ${CLUSTER}`]: ADMINS,
  "POST /kafka/v3/clusters/:action{[A-Za-z0-9_-]+:[a-z]+}": ADMINS,

  // A gateway asks which ports to open, and may have a broker's token.
  [`GET ${CLUSTER}/controllers`]: SPEAKERS,
  [`GET ${CLUSTER}/controllers/:node_id{[0-9]+}`]: READERS,
  [`POST ${CLUSTER}/controllers`]: OPERATORS,
  [`DELETE ${CLUSTER}/controllers/:node_id{[0-9]+}`]: OPERATORS,
  [`POST ${CLUSTER}/controllers/:action{[0-9]+:[a-z]+}`]: OPERATORS,
  [`POST ${CLUSTER}/controllers/:node_id/frames`]: SPEAKERS,
  [`GET ${CLUSTER}/controllers/:node_id/link`]: SPEAKERS,
  [`GET ${CLUSTER}/controllers/:node_id/relay`]: ["gateway"],
  [`POST ${CLUSTER}/rpc/:api`]: SPEAKERS,

  [`GET ${CLUSTER}/quorum`]: [...SPEAKERS, "metrics"],
  [`GET ${CLUSTER}/brokers`]: READERS,
  [`GET ${CLUSTER}/brokers/:broker_id{[A-Za-z0-9_-]+}`]: READERS,
  [`GET ${CLUSTER}/brokers/:broker_id/partition-replicas`]: READERS,
  [`POST ${CLUSTER}/brokers/:action{[0-9]+:[a-z]+}`]: OPERATORS,
  [`GET ${CLUSTER}/brokers/-/configs`]: READERS,
  [`GET ${CLUSTER}/brokers/:broker_id/configs`]: READERS,
  [`GET ${CLUSTER}/brokers/:broker_id/configs/:name`]: READERS,
  [`PUT ${CLUSTER}/brokers/:broker_id/configs/:name`]: EDITORS,
  [`DELETE ${CLUSTER}/brokers/:broker_id/configs/:name`]: EDITORS,
  [`POST ${CLUSTER}/brokers/:broker_id/configs:alter`]: EDITORS,
  [`GET ${CLUSTER}/broker-configs`]: READERS,
  [`GET ${CLUSTER}/broker-configs/:name`]: READERS,
  [`PUT ${CLUSTER}/broker-configs/:name`]: EDITORS,
  [`DELETE ${CLUSTER}/broker-configs/:name`]: EDITORS,
  [`POST ${CLUSTER}/broker-configs:alter`]: EDITORS,
  [`GET ${CLUSTER}/topics`]: READERS,
  [`GET ${CLUSTER}/topics/:topic_name`]: READERS,
  [`GET ${CLUSTER}/topics/:topic_name/partitions`]: READERS,
  [`GET ${CLUSTER}/topics/:topic_name/partitions/:partition_id{[0-9]+}`]: READERS,
  [`GET ${CLUSTER}/topics/:topic_name/partitions/:partition_id{[0-9]+}/replicas`]: READERS,
  [`GET ${CLUSTER}/topics/:topic_name/partitions/:partition_id{[0-9]+}/replicas/:broker_id{[0-9]+}`]:
    READERS,
  [`GET ${CLUSTER}/topics/-/partitions/-/health`]: READERS,
  [`GET ${CLUSTER}/topics/-/partitions/-/reassignment`]: READERS,
  [`GET ${CLUSTER}/topics/:topic_name/partitions/-/reassignment`]: READERS,
  [`GET ${CLUSTER}/topics/:topic_name/partitions/:partition_id{[0-9]+}/reassignment`]: READERS,
  [`POST ${CLUSTER}/topics/:topic_name/partitions/:partition_id{[0-9]+}/reassignment`]: EDITORS,
  [`GET ${CLUSTER}/topics/-/configs`]: READERS,
  [`GET ${CLUSTER}/topics/:topic_name/configs`]: READERS,
  [`GET ${CLUSTER}/topics/:topic_name/configs/:name`]: READERS,
  [`PUT ${CLUSTER}/topics/:topic_name/configs/:name`]: EDITORS,
  [`DELETE ${CLUSTER}/topics/:topic_name/configs/:name`]: EDITORS,
  [`POST ${CLUSTER}/topics/:topic_name/configs:alter`]: EDITORS,
  [`POST ${CLUSTER}/topics`]: EDITORS,
  [`PATCH ${CLUSTER}/topics/:topic_name`]: EDITORS,
  [`DELETE ${CLUSTER}/topics/:topic_name`]: EDITORS,

  // As the APIs that they call.
  [`GET ${CLUSTER}/acls`]: READERS,
  [`POST ${CLUSTER}/acls`]: ADMINS,
  [`POST ${CLUSTER}/acls:batch`]: ADMINS,
  [`DELETE ${CLUSTER}/acls`]: ADMINS,

  [`GET ${CLUSTER}/features`]: READERS,
  [`GET ${CLUSTER}/features/:name`]: READERS,
  [`POST ${CLUSTER}/features:alter`]: OPERATORS,
  [`GET ${CLUSTER}/client-quotas`]: READERS,
  [`GET ${CLUSTER}/client-quotas/:entity`]: READERS,
  [`POST ${CLUSTER}/client-quotas:alter`]: EDITORS,
  [`GET ${CLUSTER}/scram-users`]: READERS,
  [`GET ${CLUSTER}/scram-users/:user`]: READERS,
  [`POST ${CLUSTER}/scram-users:alter`]: ADMINS,
  [`POST ${CLUSTER}/leader-elections`]: EDITORS,

  // Whom a broker would let in is not asked: nobody is served here.
  [`GET ${CLUSTER}/consumer-groups`]: READERS,
  [`GET ${CLUSTER}/consumer-groups/:path{.+}`]: READERS,
  [`GET ${CLUSTER}/topics/:topic_name/partitions/:partition_id{[0-9]+}/offset`]: READERS,
  [`POST ${CLUSTER}/topics/:topic_name/records`]: EDITORS,
  [`POST ${CLUSTER}/topics/:topic_name/records:batch`]: EDITORS,

  [`GET ${CLUSTER}/reads`]: READERS,
  [`POST ${CLUSTER}/reads`]: READERS,
  [`GET ${CLUSTER}/metadata-log`]: SPEAKERS,
  [`GET ${CLUSTER}/metrics`]: [...READERS, "metrics"],
  [`GET ${CLUSTER}/metadata-diff`]: READERS,
  [`GET ${CLUSTER}/snapshots`]: SPEAKERS,
  [`GET ${CLUSTER}/snapshots/latest`]: RAW_ROLES,
  [`GET ${CLUSTER}/snapshots/:id`]: RAW_ROLES,
};
