/** `/topics/-/partitions/-/health` as brokers come and go. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { kedge, type Cluster } from "../../client/kedge.ts";
import { restCluster, type RestCluster } from "./rest-cluster.ts";

let rest: RestCluster;
let cluster: Cluster;
beforeAll(async () => {
  rest = await restCluster();
  cluster = kedge(rest.quorum.edge).cluster(rest.clusterId);
  const placed = (topic_name: string, replicas_assignments: Record<string, readonly number[]>) =>
    cluster.topics.create({ topic_name, replicas_assignments });
  await placed("orders", { "0": [1, 2], "1": [2, 1] });
  await placed("single", { "0": [1], "1": [3] });
}, 120_000);
afterAll(() => rest.stop());

const WELL = { offline: [], under_replicated: [], not_preferred: [], reassigning: [] };

test("what is well is in no list", async () => {
  const [orders, single] = await cluster.topics.health();
  expect(orders).toEqual({
    cluster_id: rest.clusterId,
    topic_name: "orders",
    topic_id: (await cluster.topics.get("orders")).topic_id,
    partitions_count: 2,
    ...WELL,
  });
  expect(single).toMatchObject({ topic_name: "single", ...WELL });
});

test("a replica that is being added is not missed", async () => {
  await cluster.reassignments.set({ topic: "single", partition: 1 }, [3, 1]);
  expect((await cluster.topics.health())[1]).toMatchObject({ ...WELL, reassigning: [1] });
});

test("a broker that goes leaves partitions offline, under-replicated and led by another", async () => {
  await rest.brokers[0]?.fallSilent();
  await cluster.brokers.unregister(1);
  expect(await cluster.topics.health()).toMatchObject([
    { offline: [], under_replicated: [0, 1], not_preferred: [0] },
    { offline: [0], not_preferred: [] },
  ]);
});
