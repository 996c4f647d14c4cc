/**
 * What a linearizable read must show, asked of real objects: a majority's word, a fence that is stored, and refusals
 * that say whom to ask.
 */
import { runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import {
  HEADERS,
  integerHeader,
  isReadIndexAnswer,
  leaderNamedIn,
  readJson,
} from "../../durable-objects/contract.ts";
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import { activeOf, call, clusterOf, form, stubOf } from "./quorum.ts";

const readIndex = (cluster: ClusterEntry, nodeId: number): Promise<Response> =>
  call(cluster, nodeId, { route: "readIndex" });

/** How often the node has proved by a write that no other instance of it runs. */
const fencesOf = (cluster: ClusterEntry, nodeId: number): Promise<number> =>
  runInDurableObject(stubOf(cluster, nodeId), (_, { storage }) => {
    const rows = storage.sql.exec("SELECT value FROM meta WHERE key = 'fence'").toArray();
    return Number(rows[0]?.["value"] ?? 0);
  });

describe("a sole voter", () => {
  test("stores a fence for its reads, and one serves all of a moment", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAAy1", 1);
    const { high_watermark: end } = await form(cluster);
    const before = await fencesOf(cluster, 3000);
    const answers = await Promise.all(Array.from({ length: 40 }, () => readIndex(cluster, 3000)));
    for (const answer of answers)
      expect(await readJson(answer, isReadIndexAnswer)).toMatchObject({ node_id: 3000 });
    const fences = (await fencesOf(cluster, 3000)) - before;
    expect(fences).toBeGreaterThan(0);
    expect(fences).toBeLessThan(40);
    const last = await readJson(await readIndex(cluster, 3000), isReadIndexAnswer);
    expect(last.read_index).toBeGreaterThanOrEqual(end ?? 0);
  });
});

describe("of three voters", () => {
  test("the leader answers, and from then on says the age of what it serves", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAAy2");
    const { node_id: leader, epoch } = await form(cluster);
    const ageOf = async (nodeId: number): Promise<number | undefined> => {
      const response = await call(cluster, nodeId, { route: "log" });
      await response.body?.cancel();
      return integerHeader(response.headers, HEADERS.confirmedAge);
    };
    expect(await ageOf(leader)).toBeUndefined();
    const answer = await readJson(await readIndex(cluster, leader), isReadIndexAnswer);
    expect(answer).toMatchObject({ node_id: leader, epoch });
    expect(await ageOf(leader)).toBeGreaterThanOrEqual(0);
    for (const { node_id: id } of cluster.initial_voters)
      if (id !== leader) expect(await ageOf(id)).toBeUndefined();
  });

  test("another names the leader", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAAy3");
    const { node_id: leader } = await form(cluster);
    const standby = cluster.initial_voters.find(({ node_id: id }) => id !== leader)?.node_id ?? -1;
    await expect
      .poll(async () => leaderNamedIn((await readIndex(cluster, standby)).headers))
      .toBe(leader);
    expect((await readIndex(cluster, standby)).status).toBe(409);
  });

  test("the one that is left answers nothing of the kind, and what it knows all the same", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAAy4");
    const { node_id: leader } = await form(cluster);
    const others = cluster.initial_voters.filter(({ node_id: id }) => id !== leader);
    for (const { node_id: id } of others) await call(cluster, id, { route: "stop" });
    const refused = await readIndex(cluster, leader);
    expect([503, 409]).toContain(refused.status);
    expect(await refused.text()).toMatch(/has confirmed in time|does not lead/);
    const log = await call(cluster, leader, { route: "log" });
    expect([log.status, integerHeader(log.headers, HEADERS.highWatermark) ?? 0]).toEqual([
      200,
      expect.any(Number),
    ]);
    for (const { node_id: id } of others)
      await call(cluster, id, { route: "start", body: '{"confirm":null}' });
    const active = await activeOf(cluster);
    expect((await readIndex(cluster, active.node_id)).status).toBe(200);
  });
});
