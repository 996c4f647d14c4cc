/**
 * REST v3 by contract: every route of it, asked as its clients ask, and judged by Confluent's own description of the
 * answers, those that refuse too.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { restCluster, type RestAnswer, type RestCluster } from "./rest-cluster.ts";
import { PARAMETERS } from "../../worker/routes/parameters.ts";
import { faultsOf, isDataPlane, REST_ROUTES, type RestRoute } from "./rest-schemas.ts";

let cluster: RestCluster;
beforeAll(async () => {
  cluster = await restCluster();
  await create("orders", { partitions_count: 3, replication_factor: 2 });
  await create("moved", { replicas_assignments: { "0": [1, 2] } });
  await must("POST", "/topics/moved/partitions/0/reassignment", { replicas: [2, 3] });
  await must("PUT", "/broker-configs/log.cleaner.threads", { value: "2" });
  await must("PUT", "/brokers/1/configs/log.cleaner.threads", { value: "3" });
  await must("POST", "/acls", ALICE_READS);
}, 120_000);
afterAll(() => cluster.stop());

const must = async (method: string, path: string, body: unknown): Promise<void> => {
  const { status, body: answer } = await cluster.ask(method, path, body);
  if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(answer)}`);
};
const create = (name: string, more: object): Promise<void> =>
  must("POST", "/topics", { topic_name: name, ...more });

const ALICE_READS = {
  resource_type: "TOPIC",
  resource_name: "orders",
  pattern_type: "LITERAL",
  principal: "User:alice",
  host: "*",
  operation: "READ",
  permission: "ALLOW",
} as const;
const queryOf = (acl: object): string => new URLSearchParams(Object.entries(acl)).toString();

/** A request, what is expected of its status, and what its body must hold besides what the contract says. */
interface Example {
  readonly path: string;
  readonly body?: unknown;
  /** The body is none that a client of REST v3 would send. */
  readonly isMalformed?: true;
  readonly status: number;
  readonly holds?: object;
}

const SETS = (name: string): object => ({
  data: [
    { name, value: "1" },
    { name: "log.cleaner.backoff.ms", operation: "DELETE" },
  ],
});
const CHANGES_NOTHING = { data: [{ name: "max.connections", value: "many" }] };

/** By route, as the contract writes it: one that succeeds, and those that must not. */
const EXAMPLES: Readonly<Record<string, readonly Example[]>> = {
  "GET /clusters": [{ path: "..", status: 200, holds: { kind: "KafkaClusterList" } }],
  "GET /clusters/{cluster_id}": [{ path: "", status: 200, holds: { kind: "KafkaCluster" } }],
  "GET /clusters/{cluster_id}/acls": [
    { path: "/acls", status: 200, holds: { kind: "KafkaAclList" } },
    { path: `/acls?${queryOf(ALICE_READS)}`, status: 200, holds: { data: [ALICE_READS] } },
    { path: "/acls?principal=User:bob", status: 200, holds: { data: [] } },
    { path: "/acls?resource_name=orders&pattern_type=MATCH&resource_type=topic", status: 200 },
    { path: "/acls?operation=UNKNOWN", status: 400 },
    { path: "/acls?colour=red", status: 400 },
  ],
  "POST /clusters/{cluster_id}/acls": [
    { path: "/acls", body: { ...ALICE_READS, principal: "User:bob" }, status: 201 },
    { path: "/acls", body: { ...ALICE_READS, operation: "ANY" }, status: 400 },
    { path: "/acls", body: { ...ALICE_READS, host: 5 }, isMalformed: true, status: 400 },
    { path: "/acls", body: { ...ALICE_READS, principal: "bob" }, status: 400 },
  ],
  "POST /clusters/{cluster_id}/acls:batch": [
    {
      path: "/acls:batch",
      body: { data: ["WRITE", "DESCRIBE"].map((operation) => ({ ...ALICE_READS, operation })) },
      status: 201,
    },
    {
      path: "/acls:batch",
      body: { data: [ALICE_READS, { ...ALICE_READS, permission: "ANY" }] },
      status: 400,
    },
  ],
  "DELETE /clusters/{cluster_id}/acls": [
    {
      path: `/acls?${queryOf({ ...ALICE_READS, principal: "User:bob" })}`,
      status: 200,
      holds: { data: [{ kind: "KafkaAcl", principal: "User:bob" }] },
    },
    { path: "/acls?principal=User:bob", status: 400 },
    { path: `/acls?${queryOf({ ...ALICE_READS, operation: "UNKNOWN" })}`, status: 400 },
  ],
  "GET /clusters/{cluster_id}/broker-configs": [
    {
      path: "/broker-configs",
      status: 200,
      holds: {
        kind: "KafkaClusterConfigList",
        data: [
          {
            name: "log.cleaner.threads",
            value: "2",
            source: "DYNAMIC_DEFAULT_BROKER_CONFIG",
            is_default: false,
          },
        ],
      },
    },
  ],
  "POST /clusters/{cluster_id}/broker-configs:alter": [
    { path: "/broker-configs:alter", body: SETS("log.cleaner.threads"), status: 204 },
    { path: "/broker-configs:alter", body: CHANGES_NOTHING, status: 400 },
    { path: "/broker-configs:alter", body: { data: [{}] }, isMalformed: true, status: 400 },
  ],
  "GET /clusters/{cluster_id}/broker-configs/{name}": [
    { path: "/broker-configs/log.cleaner.threads", status: 200 },
    { path: "/broker-configs/max.connections", status: 404 },
  ],
  "PUT /clusters/{cluster_id}/broker-configs/{name}": [
    { path: "/broker-configs/max.connections", body: { value: "100" }, status: 204 },
    { path: "/broker-configs/max.connections", body: { value: null }, status: 400 },
    { path: "/broker-configs/max.connections", body: {}, status: 400 },
  ],
  "DELETE /clusters/{cluster_id}/broker-configs/{name}": [
    { path: "/broker-configs/max.connections", status: 204 },
  ],
  "GET /clusters/{cluster_id}/brokers": [
    { path: "/brokers", status: 200, holds: { kind: "KafkaBrokerList" } },
    { path: "/brokers?page_size=0", status: 400 },
  ],
  "GET /clusters/{cluster_id}/brokers/{broker_id}": [
    { path: "/brokers/2", status: 200, holds: { kind: "KafkaBroker", broker_id: 2 } },
    { path: "/brokers/9", status: 404 },
  ],
  "GET /clusters/{cluster_id}/brokers/-/configs": [
    {
      path: "/brokers/-/configs",
      status: 200,
      holds: {
        kind: "KafkaBrokerConfigList",
        data: [{ broker_id: 1 }, { broker_id: 2 }, { broker_id: 3 }],
      },
    },
  ],
  "GET /clusters/{cluster_id}/brokers/{broker_id}/configs": [
    {
      path: "/brokers/1/configs",
      status: 200,
      holds: {
        data: [
          {
            name: "log.cleaner.threads",
            value: "3",
            source: "DYNAMIC_BROKER_CONFIG",
            synonyms: [
              { value: "3", source: "DYNAMIC_BROKER_CONFIG" },
              { source: "DYNAMIC_DEFAULT_BROKER_CONFIG" },
            ],
          },
        ],
      },
    },
    { path: "/brokers/9/configs", status: 404 },
  ],
  "POST /clusters/{cluster_id}/brokers/{broker_id}/configs:alter": [
    { path: "/brokers/2/configs:alter", body: SETS("background.threads"), status: 204 },
    { path: "/brokers/2/configs:alter", body: CHANGES_NOTHING, status: 400 },
    { path: "/brokers/x/configs:alter", body: CHANGES_NOTHING, status: 400 },
  ],
  "GET /clusters/{cluster_id}/brokers/{broker_id}/configs/{name}": [
    { path: "/brokers/1/configs/log.cleaner.threads", status: 200, holds: { value: "3" } },
    { path: "/brokers/1/configs/none", status: 404 },
  ],
  "PUT /clusters/{cluster_id}/brokers/{broker_id}/configs/{name}": [
    { path: "/brokers/3/configs/background.threads", body: { value: "4" }, status: 204 },
    { path: "/brokers/3/configs/background.threads", body: { value: "0" }, status: 400 },
  ],
  "DELETE /clusters/{cluster_id}/brokers/{broker_id}/configs/{name}": [
    { path: "/brokers/3/configs/background.threads", status: 204 },
  ],
  "GET /clusters/{cluster_id}/brokers/{broker_id}/partition-replicas": [
    {
      path: "/brokers/1/partition-replicas",
      status: 200,
      holds: { kind: "KafkaReplicaList" },
    },
    { path: "/brokers/9/partition-replicas", status: 404 },
  ],
  "GET /clusters/{cluster_id}/topics": [
    {
      path: "/topics",
      status: 200,
      holds: { kind: "KafkaTopicList", data: [{ topic_name: "moved" }, { topic_name: "orders" }] },
    },
    { path: "/topics?page_size=1", status: 200, holds: { data: [{ topic_name: "moved" }] } },
    { path: "/topics?page_token=%25", status: 400 },
  ],
  "POST /clusters/{cluster_id}/topics": [
    {
      path: "/topics",
      body: {
        topic_name: "made",
        replicas_assignments: { "0": [1, 2], "1": [2, 3] },
        configs: [{ name: "cleanup.policy", value: "compact" }],
      },
      status: 201,
      holds: { topic_name: "made", partitions_count: 2, replication_factor: 2 },
    },
    {
      path: "/topics",
      body: {
        topic_name: "tried",
        partitions_count: 6,
        replication_factor: 3,
        validate_only: true,
      },
      status: 200,
      holds: { topic_name: "tried", topic_id: null, partitions_count: 6, replication_factor: 3 },
    },
    { path: "/topics", body: { topic_name: "orders" }, status: 400 },
    {
      path: "/topics",
      body: { topic_name: "no", configs: [{ name: "retention.ms" }] },
      status: 400,
    },
    {
      path: "/topics",
      body: { topic_name: "no", replicas_assignments: [[1]] },
      isMalformed: true,
      status: 400,
    },
    { path: "/topics", body: { topic_name: "no", replicas_assignments: { x: [1] } }, status: 400 },
  ],
  "GET /clusters/{cluster_id}/topics/{topic_name}": [
    { path: "/topics/orders", status: 200, holds: { kind: "KafkaTopic", partitions_count: 3 } },
    { path: "/topics/orders?include_authorized_operations=false", status: 200 },
    { path: "/topics/orders?include_authorized_operations=true", status: 501 },
    { path: "/topics/none", status: 404 },
  ],
  "PATCH /clusters/{cluster_id}/topics/{topic_name}": [
    {
      path: "/topics/orders",
      body: { partitions_count: 4 },
      status: 200,
      holds: { partitions_count: 4 },
    },
    { path: "/topics/orders", body: { partitions_count: 1 }, status: 400 },
    { path: "/topics/none", body: { partitions_count: 5 }, status: 404 },
  ],
  "DELETE /clusters/{cluster_id}/topics/{topic_name}": [
    { path: "/topics/made", status: 204 },
    { path: "/topics/made", status: 404 },
  ],
  "GET /clusters/{cluster_id}/topics/-/configs": [
    { path: "/topics/-/configs", status: 200, holds: { kind: "KafkaTopicConfigList" } },
  ],
  "POST /clusters/{cluster_id}/topics/{topic_name}/configs:alter": [
    {
      path: "/topics/orders/configs:alter",
      body: {
        data: [
          { name: "retention.ms", value: "1000" },
          { name: "cleanup.policy", operation: "DELETE" },
        ],
      },
      status: 204,
    },
    {
      path: "/topics/orders/configs:alter",
      body: { data: [{ name: "retention.ms", value: "7" }], validate_only: true },
      status: 204,
    },
    {
      path: "/topics/orders/configs:alter",
      body: { data: [{ name: "retention.ms", value: "soon" }], validate_only: true },
      status: 400,
    },
    {
      path: "/topics/none/configs:alter",
      body: { data: [{ name: "retention.ms", value: "1" }] },
      status: 404,
    },
  ],
  "GET /clusters/{cluster_id}/topics/{topic_name}/configs": [
    { path: "/topics/orders/configs", status: 200, holds: { kind: "KafkaTopicConfigList" } },
    { path: "/topics/none/configs", status: 404 },
  ],
  "GET /clusters/{cluster_id}/topics/{topic_name}/configs/{name}": [
    {
      path: "/topics/orders/configs/retention.ms",
      status: 200,
      holds: {
        value: "1000",
        is_default: false,
        is_read_only: false,
        is_sensitive: false,
        source: "DYNAMIC_TOPIC_CONFIG",
        synonyms: [{ name: "retention.ms", value: "1000", source: "DYNAMIC_TOPIC_CONFIG" }],
      },
    },
    {
      path: "/topics/orders/configs/max.message.bytes",
      status: 200,
      holds: { value: "1048588", is_default: true, source: "DEFAULT_CONFIG" },
    },
    { path: "/topics/orders/configs/colour", status: 404 },
    { path: "/topics/none/configs/retention.ms", status: 404 },
  ],
  "PUT /clusters/{cluster_id}/topics/{topic_name}/configs/{name}": [
    { path: "/topics/orders/configs/cleanup.policy", body: { value: "compact" }, status: 204 },
    { path: "/topics/orders/configs/cleanup.policy", body: { value: "shred" }, status: 400 },
    { path: "/topics/orders/configs/cleanup.policy", body: { value: null }, status: 400 },
    { path: "/topics/none/configs/cleanup.policy", body: { value: "compact" }, status: 404 },
  ],
  "DELETE /clusters/{cluster_id}/topics/{topic_name}/configs/{name}": [
    { path: "/topics/orders/configs/cleanup.policy", status: 204 },
    { path: "/topics/none/configs/cleanup.policy", status: 404 },
  ],
  "GET /clusters/{cluster_id}/topics/{topic_name}/partitions": [
    { path: "/topics/orders/partitions", status: 200, holds: { kind: "KafkaPartitionList" } },
    { path: "/topics/none/partitions", status: 404 },
  ],
  "GET /clusters/{cluster_id}/topics/{topic_name}/partitions/{partition_id}": [
    { path: "/topics/orders/partitions/2", status: 200, holds: { partition_id: 2 } },
    { path: "/topics/orders/partitions/7", status: 404 },
  ],
  "GET /clusters/{cluster_id}/topics/-/partitions/-/reassignment": [
    {
      path: "/topics/-/partitions/-/reassignment",
      status: 200,
      holds: {
        kind: "KafkaReassignmentList",
        data: [
          { topic_name: "moved", partition_id: 0, adding_replicas: [3], removing_replicas: [1] },
        ],
      },
    },
  ],
  "GET /clusters/{cluster_id}/topics/{topic_name}/partitions/-/reassignment": [
    {
      path: "/topics/moved/partitions/-/reassignment",
      status: 200,
      holds: { data: [{ adding_replicas: [3] }] },
    },
    { path: "/topics/orders/partitions/-/reassignment", status: 200, holds: { data: [] } },
    { path: "/topics/none/partitions/-/reassignment", status: 404 },
  ],
  "GET /clusters/{cluster_id}/topics/{topic_name}/partitions/{partition_id}/reassignment": [
    {
      path: "/topics/moved/partitions/0/reassignment",
      status: 200,
      holds: { kind: "KafkaReassignment", adding_replicas: [3], removing_replicas: [1] },
    },
    {
      path: "/topics/orders/partitions/0/reassignment",
      status: 200,
      holds: { adding_replicas: [] },
    },
    { path: "/topics/orders/partitions/7/reassignment", status: 404 },
  ],
  "GET /clusters/{cluster_id}/topics/{topic_name}/partitions/{partition_id}/replicas": [
    {
      path: "/topics/moved/partitions/0/replicas",
      status: 200,
      holds: { kind: "KafkaReplicaList" },
    },
    { path: "/topics/orders/partitions/7/replicas", status: 404 },
  ],
  "GET /clusters/{cluster_id}/topics/{topic_name}/partitions/{partition_id}/replicas/{broker_id}": [
    {
      path: "/topics/moved/partitions/0/replicas/1",
      status: 200,
      holds: { broker_id: 1, is_leader: true, is_in_sync: true },
    },
    { path: "/topics/moved/partitions/0/replicas/9", status: 404 },
  ],
};

const SERVED = REST_ROUTES.filter((route) => !isDataPlane(route));
const nameOf = ({ method, path }: RestRoute): string => `${method} ${path}`;

test("there is an example of every route that is not of the data plane, and of no other", () => {
  expect(Object.keys(EXAMPLES).toSorted()).toEqual(SERVED.map(nameOf).toSorted());
});

/** What is wrong with an answer by the contract. A status that it does not list may be a refusal alone. */
function faultsIn({ answers = {} }: RestRoute, { status, body }: RestAnswer): string {
  const listed = answers[String(status)] ?? (status >= 500 ? answers["5XX"] : undefined);
  if (status >= 400) return faultsOf("Error", body);
  if (!(String(status) in answers)) return `the contract knows no ${status}`;
  if (listed === null || listed === undefined) return body === undefined ? "" : "it has a body";
  return faultsOf(listed, body);
}

describe.each(SERVED.map((route) => ({ name: nameOf(route), route })))(
  "$name",
  ({ name, route }) => {
    test.each(EXAMPLES[name] ?? [])("$path is a $status", async (example) => {
      const { path, body, isMalformed = false, status, holds } = example;
      if (body !== undefined && !isMalformed) expect(faultsOf(route.body ?? "none", body)).toBe("");
      const at = path === ".." ? `${cluster.quorum.edge.url}/kafka/v3/clusters` : path;
      const answer = await cluster.ask(route.method, at, body);
      expect([answer.status, faultsIn(route, answer), answer.body]).toEqual([
        status,
        "",
        answer.body,
      ]);
      if (holds !== undefined) expect(answer.body).toMatchObject(holds);
    });

    test("knows the parameters of the contract", () => {
      // One that it does not know is refused, so a client that sends it would be.
      const known = PARAMETERS.get(nameOf(route).replace(" ", " /kafka/v3")) ?? [];
      expect(known).toEqual(expect.arrayContaining(Object.keys(route.query ?? {})));
    });
  },
);

describe("the data plane", () => {
  test.each(REST_ROUTES.filter(isDataPlane).map((route) => ({ name: nameOf(route), route })))(
    "$name is a 501 that says who has it",
    async ({ route: { method, path } }) => {
      const at = path
        .replace("/clusters/{cluster_id}", "")
        .replace("{partition_id}", "0")
        .replaceAll(/\{\w+\}/g, "orders");
      const { status, body } = await cluster.ask(method, at, method === "POST" ? {} : undefined);
      expect([status, faultsOf("Error", body)]).toEqual([501, ""]);
      expect(body).toMatchObject({
        error_code: 50101,
        message: expect.stringContaining("a broker's"),
      });
    },
  );
});
