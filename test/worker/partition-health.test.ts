/** `/topics/-/partitions/-/health` as brokers come and go. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { kedge, type Cluster } from "../../client/kedge.ts";
import { restCluster, type RestCluster } from "./rest-cluster.ts";

let rest: RestCluster;
let cluster: Cluster;
beforeAll(async () => {
  rest = await restCluster();
  cluster = kedge(rest.quorum.edge).cluster(rest.clusterId);
  await cluster.topics.create({
    topic_name: "orders",
    replicas_assignments: { "0": [1, 2], "1": [2, 1], "2": [1], "3": [3] },
  });
}, 120_000);
afterAll(() => rest.stop());

test("all is well but what was never in sync", async () => {
  const [topic] = await cluster.topics.health();
  expect(topic).toEqual({
    cluster_id: rest.clusterId,
    topic_name: "orders",
    topic_id: (await cluster.topics.get("orders")).topic_id,
    partitions_count: 4,
    offline: [],
    under_replicated: [],
    not_preferred: [],
    reassigning: [],
  });
});

test("a partition that is on its way counts the replica that is added as missing nowhere", async () => {
  await cluster.reassignments.set({ topic: "orders", partition: 3 }, [3, 1]);
  expect(await cluster.topics.health()).toMatchObject([
    { under_replicated: [], reassigning: [3], offline: [] },
  ]);
});

test("a broker that goes leaves partitions offline, under-replicated and led by another", async () => {
  await rest.brokers[0]?.fallSilent();
  await cluster.brokers.unregister(1);
  const { topic_name: name, ...lists } = (await cluster.topics.health())[0] ?? {};
  expect(name).toBe("orders");
  expect(lists).toMatchObject({ offline: [2], under_replicated: [0, 1], not_preferred: [0] });
});
