/**
 * What Confluent's Terraform provider asks for a topic, a cluster's configs and an ACL, in its order (its resources
 * `kafka_topic`, `kafka_cluster_config` and `kafka_acl`, at e58ae689): create, read, plan without a difference, change,
 * delete. What its state would hold is kept here as it keeps it. It authenticates by Basic: key and secret.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { restCluster, type RestAnswer, type RestCluster } from "./rest-cluster.ts";
import { faultsOf } from "./rest-schemas.ts";

let cluster: RestCluster;
beforeAll(async () => {
  cluster = await restCluster();
}, 120_000);
afterAll(() => cluster.stop());

/** The provider's client is made from the contract: an answer that does not hold it is an error there. */
async function ask(
  method: string,
  path: string,
  { body, as }: { readonly body?: object; readonly as?: string } = {},
): Promise<RestAnswer> {
  const secret = cluster.quorum.edge.token ?? "";
  const response = await fetch(
    `${cluster.quorum.edge.url}/kafka/v3/clusters/${cluster.clusterId}${path}`,
    {
      method,
      headers: {
        Authorization: `Basic ${btoa(`a-key:${secret}`)}`,
        "Content-Type": "application/json",
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    },
  );
  const text = await response.text();
  const parsed: unknown = text === "" ? undefined : JSON.parse(text);
  if (as !== undefined) expect([path, faultsOf(as, parsed)]).toEqual([path, ""]);
  return { status: response.status, headers: response.headers, body: parsed };
}

interface ConfigList {
  readonly data: readonly {
    readonly name: string;
    readonly value: string | null;
    readonly source: string;
  }[];
}

/** What the provider takes into its state of a list of configs: those that somebody has set. */
async function configsAt(path: string, source: string, as: string): Promise<object> {
  const { status, body } = await ask("GET", path, { as });
  expect(status).toBe(200);
  const list: ConfigList = JSON.parse(JSON.stringify(body));
  return Object.fromEntries(
    list.data.filter((each) => each.source === source).map(({ name, value }) => [name, value]),
  );
}

/** The state of a topic: its partitions and the configs that are set on it. */
async function topicState(name: string): Promise<object | null> {
  const topic = await ask("GET", `/topics/${name}`);
  if (topic.status === 404) return null;
  expect([topic.status, faultsOf("TopicData", topic.body)]).toEqual([200, ""]);
  const configs = await configsAt(
    `/topics/${name}/configs`,
    "DYNAMIC_TOPIC_CONFIG",
    "TopicConfigDataList",
  );
  return { partitions_count: Object(topic.body).partitions_count, configs };
}

describe("a topic", () => {
  const configs = { "cleanup.policy": "compact", "max.message.bytes": "12345" };

  test("is created and read, and a plan has no difference", async () => {
    const created = await ask("POST", "/topics", {
      body: {
        topic_name: "orders",
        partitions_count: 4,
        configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
      },
      as: "TopicData",
    });
    expect(created.status).toBe(201);
    const planned = { partitions_count: 4, configs };
    expect(await topicState("orders")).toEqual(planned);
    expect(await topicState("orders")).toEqual(planned);
  });

  test("gets more partitions", async () => {
    const body = { partitions_count: 6 };
    const { status } = await ask("PATCH", "/topics/orders", { body, as: "TopicData" });
    expect(status).toBe(200);
    expect(await topicState("orders")).toEqual({ partitions_count: 6, configs });
  });

  test("gets other configs: one that is changed, one that is new, one that is gone", async () => {
    const data = [
      { name: "cleanup.policy", operation: "DELETE" },
      { name: "max.message.bytes", value: "54321" },
      { name: "retention.ms", value: "6789" },
    ];
    const answer = await ask("POST", "/topics/orders/configs:alter", { body: { data } });
    expect([answer.status, answer.body]).toEqual([204, undefined]);
    expect(await topicState("orders")).toEqual({
      partitions_count: 6,
      configs: { "max.message.bytes": "54321", "retention.ms": "6789" },
    });
  });

  test("that Kafka does not take is refused, and changes nothing", async () => {
    const before = await topicState("orders");
    const data = [
      { name: "retention.ms", value: "1" },
      { name: "max.message.bytes", value: "many" },
    ];
    const { status, body } = await ask("POST", "/topics/orders/configs:alter", { body: { data } });
    expect([status, faultsOf("Error", body)]).toEqual([400, ""]);
    expect(await topicState("orders")).toEqual(before);
  });

  test("is deleted, and found to be gone", async () => {
    expect((await ask("DELETE", "/topics/orders")).status).toBe(204);
    expect(await topicState("orders")).toBeNull();
  });
});

const clusterState = (): Promise<object> =>
  configsAt("/broker-configs", "DYNAMIC_DEFAULT_BROKER_CONFIG", "ClusterConfigDataList");
const alterCluster = async (data: readonly object[]): Promise<number> =>
  (await ask("POST", "/broker-configs:alter", { body: { data } })).status;

describe("the configs of a cluster", () => {
  test("are set, read without a difference, changed and reset", async () => {
    expect(await alterCluster([{ name: "log.cleaner.threads", value: "2" }])).toBe(204);
    expect(await clusterState()).toEqual({ "log.cleaner.threads": "2" });
    expect(await clusterState()).toEqual({ "log.cleaner.threads": "2" });
    expect(await alterCluster([{ name: "log.cleaner.threads", value: "3" }])).toBe(204);
    expect(await clusterState()).toEqual({ "log.cleaner.threads": "3" });
    expect(await alterCluster([{ name: "log.cleaner.threads", operation: "DELETE" }])).toBe(204);
    expect(await clusterState()).toEqual({});
  });
});

describe("an ACL", () => {
  const acl = {
    resource_type: "TOPIC",
    resource_name: "orders",
    pattern_type: "PREFIXED",
    principal: "User:sa-abc123",
    host: "*",
    operation: "READ",
    permission: "ALLOW",
  };
  const path = `/acls?${new URLSearchParams(acl).toString()}`;
  /** One that is not there is gone; more than one are an error. */
  const read = async (): Promise<readonly object[]> =>
    Object((await ask("GET", path, { as: "AclDataList" })).body).data;

  test("is created, read without a difference, and deleted", async () => {
    expect((await ask("POST", "/acls", { body: acl })).status).toBe(201);
    expect(await read()).toMatchObject([acl]);
    // An entry beside it, which the address of the first must not mean.
    expect((await ask("POST", "/acls", { body: { ...acl, host: "10.0.0.1" } })).status).toBe(201);
    expect(await read()).toHaveLength(1);
    const deleted = await ask("DELETE", path, { as: "DeleteAclsResponse" });
    expect([deleted.status, deleted.body]).toMatchObject([200, { data: [acl] }]);
    expect(await read()).toEqual([]);
  });
});
