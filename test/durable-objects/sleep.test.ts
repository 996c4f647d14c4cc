/**
 * A quorum of real objects that sleeps: what wakes it, what does not, and that it sleeps through the eviction of its
 * objects.
 */
import { evictDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import { activeOf, call, clusterOf, form, rpc, stubOf, voterStatusOf } from "./quorum.ts";

const SOON = { settings: { "controller.quorum.sleep.after.ms": 1_000 } };

const idsOf = ({ initial_voters: voters }: ClusterEntry): readonly number[] =>
  voters.map(({ node_id: id }) => id);

const isAsleep = async (cluster: ClusterEntry, nodeId: number): Promise<boolean> =>
  ((await voterStatusOf(cluster, nodeId)).sleep?.asleep_since_ms ?? null) !== null;

async function untilAsleep(cluster: ClusterEntry): Promise<void> {
  for (;;) {
    const sleep = await Promise.all(idsOf(cluster).map((id) => isAsleep(cluster, id)));
    if (sleep.every(Boolean)) return;
    await scheduler.wait(50);
  }
}

async function asleep(clusterId: string): Promise<ClusterEntry> {
  const cluster = { ...clusterOf(clusterId), ...SOON };
  await form(cluster);
  await untilAsleep(cluster);
  return cluster;
}

const writing = (name: string) => ({
  api: "CreateTopics" as const,
  body: {
    topics: [{ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
    timeoutMs: 5_000,
    validateOnly: false,
  },
});

test("a status, metrics, the log and a heartbeat of a stranger wake nobody", async () => {
  const cluster = await asleep("AAAAAAAAAAAAAAAAAAAAj1");
  const before = await Promise.all(idsOf(cluster).map((id) => voterStatusOf(cluster, id)));
  for (const id of idsOf(cluster)) {
    for (const route of ["status", "metrics", "log"] as const) {
      const answer = await call(cluster, id, { route });
      await answer.text();
    }
    const body = {
      brokerId: 7,
      brokerEpoch: 7,
      currentMetadataOffset: 1,
      wantFence: false,
      wantShutDown: false,
      offlineLogDirs: [],
    };
    await rpc(cluster, id, { api: "BrokerHeartbeat", body });
  }
  const after = await Promise.all(idsOf(cluster).map((id) => voterStatusOf(cluster, id)));
  expect(after.map(({ sleep }) => sleep)).toEqual(before.map(({ sleep }) => sleep));
});

test("a linearizable read is answered asleep, and a write wakes the quorum", async () => {
  const cluster = await asleep("AAAAAAAAAAAAAAAAAAAAj2");
  const { node_id: leader, epoch } = await activeOf(cluster);
  expect((await call(cluster, leader, { route: "readIndex" })).status).toBe(200);
  await untilAsleep(cluster);
  expect(await voterStatusOf(cluster, leader)).toMatchObject({ sleep: { count: 1 } });
  const { body } = await rpc(cluster, leader, writing("a"));
  // No broker is there to have it; that is said by a leader in office, in the same epoch.
  expect(body).toMatchObject({ topics: [{ name: "a" }] });
  expect(await voterStatusOf(cluster, leader)).toMatchObject({ epoch, active: true });
});

test("its objects are evicted in their sleep, sleep on, and are led when somebody wants something", async () => {
  const cluster = await asleep("AAAAAAAAAAAAAAAAAAAAj3");
  const { node_id: leader, epoch } = await activeOf(cluster);
  for (const id of idsOf(cluster)) await evictDurableObject(stubOf(cluster, id));
  const statuses = await Promise.all(idsOf(cluster).map((id) => voterStatusOf(cluster, id)));
  expect(statuses.map(({ role }) => role).toSorted()).toEqual(["follower", "follower", "resigned"]);
  expect(await Promise.all(idsOf(cluster).map((id) => isAsleep(cluster, id)))).toEqual([
    true,
    true,
    true,
  ]);
  const first = await rpc(cluster, leader, writing("b"));
  expect(first.notController).toBe(-1);
  const active = await activeOf(cluster);
  expect(active.epoch).toBeGreaterThan(epoch);
});

test("it is led when who led is gone, and somebody asks another", async () => {
  const cluster = await asleep("AAAAAAAAAAAAAAAAAAAAj4");
  const { node_id: leader, epoch } = await activeOf(cluster);
  await (await call(cluster, leader, { route: "stop" })).text();
  const [other = -1] = idsOf(cluster).filter((id) => id !== leader);
  await rpc(cluster, other, writing("c"));
  const active = await activeOf(cluster, leader);
  expect(active.epoch).toBeGreaterThan(epoch);
});
