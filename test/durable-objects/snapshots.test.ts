/**
 * Snapshots of real objects: made over their own storage, cut below, booted from, and sent to one that was away.
 */
import { abortAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import { urlOf, type VoterStatus } from "../../durable-objects/contract.ts";
import {
  activeOf,
  call,
  clusterOf,
  form,
  registration,
  rpc,
  stubOf,
  untilReplayed,
  voterStatusOf,
} from "./quorum.ts";

const nodes = [3000, 3001, 3002];

/** A snapshot every 2,000 bytes of log, and no more than two of them. */
const smallOf = (clusterId: string): ClusterEntry => ({
  ...clusterOf(clusterId),
  settings: {
    "metadata.log.max.record.bytes.between.snapshots": 2_000,
    "metadata.max.retention.bytes": 4_000,
  },
});

/** Takes so many blocks of producer ids, one commit after the other; the first id of the last. */
async function takeBlocks(
  cluster: ClusterEntry,
  leader: VoterStatus,
  { brokerEpoch, count }: { readonly brokerEpoch: unknown; readonly count: number },
): Promise<number> {
  let last = -1;
  for (let at = 0; at < count; at += 1) {
    const body = { brokerId: 1, brokerEpoch };
    const answer = await rpc(cluster, leader.node_id, { api: "AllocateProducerIds", body });
    expect(answer.body).toMatchObject({ errorCode: 0 });
    last = Number(answer.body["producerIdStart"]);
  }
  return last;
}

/** The next producer id as every node has replayed it. */
const nextIds = (cluster: ClusterEntry): Promise<readonly (number | undefined)[]> =>
  Promise.all(
    nodes.map((node) =>
      runInDurableObject(
        stubOf(cluster, node),
        (instance) => instance.voter?.committedImage.producerIds.nextProducerId,
      ),
    ),
  );

const statuses = (cluster: ClusterEntry): Promise<readonly VoterStatus[]> =>
  Promise.all(nodes.map((node) => voterStatusOf(cluster, node)));

async function brokerEpochOf(cluster: ClusterEntry, leader: VoterStatus): Promise<unknown> {
  const registered = await rpc(cluster, leader.node_id, registration(cluster, 1));
  return registered.body["brokerEpoch"];
}

test("every voter makes snapshots, cuts its log below them, and boots from them", async () => {
  const cluster = smallOf("AAAAAAAAAAAAAAAAAAAs1A");
  const leader = await form(cluster);
  const brokerEpoch = await brokerEpochOf(cluster, leader);
  const last = await takeBlocks(cluster, leader, { brokerEpoch, count: 120 });
  await untilReplayed(cluster);
  await expect
    .poll(async () => (await statuses(cluster)).every((each) => each.log_start_offset > 0))
    .toBe(true);
  for (const each of await statuses(cluster)) {
    expect(each.latest_snapshot?.end_offset).toBeGreaterThan(each.log_start_offset);
    expect(each.latest_snapshot?.size).toBeGreaterThan(100);
    expect(each.tripped).toBeNull();
  }
  const feed = await stubOf(cluster, leader.node_id).fetch(urlOf("log", { from_offset: 0 }));
  expect(feed.status).toBe(410);
  // What was cut is gone from the table, in a while.
  for (const node of nodes) {
    await expect.poll(() => rowsBelowStart(cluster, node)).toBe(0);
  }
  await abortAllDurableObjects();
  const next = await activeOf(cluster);
  expect(await takeBlocks(cluster, next, { brokerEpoch, count: 1 })).toBe(last + 1_000);
  await untilReplayed(cluster);
  expect(await nextIds(cluster)).toEqual(nodes.map(() => last + 2_000));
});

const rowsBelowStart = (cluster: ClusterEntry, node: number): Promise<unknown> =>
  runInDurableObject(
    stubOf(cluster, node),
    (_, { storage }) =>
      storage.sql
        .exec<{ rows: number }>(
          `SELECT count(*) AS rows FROM log
         WHERE base_offset < (SELECT start_offset FROM log_start)`,
        )
        .one()["rows"],
  );

test("a follower that was stopped while the log was cut comes back by a snapshot", async () => {
  const cluster = smallOf("AAAAAAAAAAAAAAAAAAAs2A");
  const leader = await form(cluster);
  const brokerEpoch = await brokerEpochOf(cluster, leader);
  const away = nodes.find((node) => node !== leader.node_id) ?? -1;
  const { log_end_offset: end } = await voterStatusOf(cluster, away);
  await call(cluster, away, { route: "stop" });
  const last = await takeBlocks(cluster, leader, { brokerEpoch, count: 120 });
  await expect
    .poll(async () => (await voterStatusOf(cluster, leader.node_id)).log_start_offset)
    .toBeGreaterThan(end);
  await call(cluster, away, { route: "start" });
  await expect
    .poll(async () => (await voterStatusOf(cluster, away)).log_start_offset)
    .toBeGreaterThan(0);
  await untilReplayed(cluster);
  expect(await nextIds(cluster)).toEqual(nodes.map(() => last + 1_000));
  // It boots from what it was sent, and votes: with the leader gone, it and the third are a majority.
  await abortAllDurableObjects();
  await activeOf(cluster);
  await call(cluster, leader.node_id, { route: "stop" });
  const next = await activeOf(cluster, leader.node_id);
  expect(await takeBlocks(cluster, next, { brokerEpoch, count: 1 })).toBe(last + 1_000);
});
