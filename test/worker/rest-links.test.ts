/** Every address that an answer of REST v3 names can be followed, from the cluster on, to the end. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { restCluster, type RestCluster } from "./rest-cluster.ts";

let cluster: RestCluster;
beforeAll(async () => {
  cluster = await restCluster();
  const moved = { topic_name: "moved", replicas_assignments: { "0": [1, 2], "1": [2, 1] } };
  const acl = {
    resource_type: "GROUP",
    resource_name: "a group & more",
    pattern_type: "PREFIXED",
    principal: "User:zoë",
    host: "*",
    operation: "READ",
    permission: "DENY",
  };
  for (const [method, path, body] of [
    ["POST", "/topics", moved],
    ["POST", "/topics", { topic_name: "a.b-c_d", partitions_count: 2, replication_factor: 3 }],
    ["POST", "/topics/moved/partitions/0/reassignment", { replicas: [3, 2] }],
    ["PUT", "/broker-configs/max.connections", { value: "100" }],
    ["PUT", "/brokers/2/configs/max.connections", { value: "50" }],
    ["POST", "/acls", acl],
  ] as const) {
    const answer = await cluster.ask(method, path, body);
    expect([path, answer.status, answer.body]).toEqual([
      path,
      expect.toBeOneOf([200, 201, 204]),
      answer.body,
    ]);
  }
}, 120_000);
afterAll(() => cluster.stop());

/** All addresses in a body: `related`, `self` and `next`. */
function* addressesIn(value: unknown): Generator<string, void, undefined> {
  if (typeof value !== "object" || value === null) return;
  for (const [key, each] of Object.entries(value)) {
    if (typeof each === "string" && ["related", "self", "next"].includes(key)) yield each;
    else yield* addressesIn(each);
  }
}

const kindOf = (body: unknown): string =>
  typeof body === "object" && body !== null && "kind" in body ? String(body.kind) : "";

test("from a cluster everything is reached, and nothing that is named is missing", async () => {
  const met = new Map<string, number>();
  const kinds = new Set<string>();
  const open = [`${cluster.quorum.edge.url}/kafka/v3/clusters/${cluster.clusterId}`];
  for (let address = open.pop(); address !== undefined; address = open.pop()) {
    if (met.has(address) || address.endsWith("/metadata-log")) continue;
    const { status, body } = await cluster.ask("GET", address);
    met.set(address, status);
    kinds.add(kindOf(body));
    open.push(...addressesIn(body));
  }
  const failed = [...met].filter(([, status]) => status !== 200);
  expect(
    failed.map(([address, status]) => [new URL(address).pathname.split("/").at(-1), status]),
  ).toEqual([["consumer-groups", 501]]);
  // What has an address of its own is not only listed.
  const resources =
    "Acl Broker BrokerConfig Cluster ClusterConfig Partition Reassignment Replica Topic TopicConfig";
  for (const name of resources.split(" ")) {
    const isSearch = name === "Acl";
    expect(kinds).toContain(`Kafka${name}${isSearch ? "List" : ""}`);
  }
  expect(met.size).toBeGreaterThan(100);
}, 60_000);

test("an entry's address finds that entry alone", async () => {
  const { body } = await cluster.ask("GET", "/acls");
  const [self = ""] = [...addressesIn(Object(body).data)];
  expect((await cluster.ask("GET", self)).body).toMatchObject({
    data: [{ principal: "User:zoë", resource_name: "a group & more", metadata: { self } }],
  });
});
