/** A real quorum and what its reads promise: with all voters, through a change of leader, and without a majority. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CreateTopicsResponse } from "../../src/protocol/index.ts";
import { jsonBroker } from "../../client/json-broker.ts";
import { refusalOf, runningQuorum } from "./running-quorum.ts";
import type { RunningQuorum } from "./running-quorum.ts";

let quorum: RunningQuorum;
beforeAll(async () => {
  quorum = await runningQuorum(3);
  const broker = jsonBroker(quorum.cluster, 1);
  await broker.register();
  await broker.heartbeat();
});
afterAll(() => quorum.stop());

const get = (path: string): Promise<Response> =>
  quorum.edge.fetch(`/kafka/v3/clusters/${quorum.formed.cluster_id}/${path}`);
const post = async (path: string): Promise<void> => {
  const url = `/kafka/v3/clusters/${quorum.formed.cluster_id}/${path}`;
  const response = await quorum.edge.fetch(url, { method: "POST" });
  expect([path, response.ok]).toEqual([path, true]);
};

const create = async (name: string): Promise<number> => {
  const { body, offset } = await quorum.cluster.rpc<CreateTopicsResponse>("CreateTopics", {
    topics: [{ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
  });
  expect(body.topics[0]?.errorCode).toBe(0);
  return offset;
};

const leaderId = async (): Promise<number> => {
  const { body } = await quorum.cluster.get<{ readonly leader_id: number }>("quorum");
  return body.leader_id;
};

const ready = (): Promise<Response> =>
  quorum.edge.fetch(`/health/ready?cluster_id=${quorum.formed.cluster_id}`);

describe("a linearizable read", () => {
  test("shows what was just written, whichever resource it is of", async () => {
    const offset = await create("current");
    for (const path of ["topics", "topics/current", "topics/current/partitions", "brokers"]) {
      const read = await get(`${path}?consistency=linearizable`);
      expect([path, read.status]).toEqual([path, 200]);
      expect(Number(read.headers.get("Kafka-Metadata-Offset"))).toBeGreaterThanOrEqual(offset);
    }
  });

  test("goes to the new leader when the old one has been restarted", async () => {
    const before = await leaderId();
    await create("before-the-failover");
    await post(`controllers/${before}:restart`);
    const read = await get("topics/before-the-failover?consistency=linearizable");
    expect(read.status).toBe(200);
  });

  test("is what is asked where an age is demanded that nobody has confirmed", async () => {
    expect((await get("topics?max_staleness_ms=0")).status).toBe(200);
    expect((await get("topics?max_staleness_ms=60000")).status).toBe(200);
  });
});

test("a quorum with a majority is ready", async () => {
  expect((await ready()).status).toBe(200);
});

describe("without a majority", () => {
  beforeAll(async () => {
    expect((await get("topics?consistency=linearizable")).status).toBe(200);
    const leader = await leaderId();
    const followers = [3000, 3001, 3002].filter((id) => id !== leader);
    for (const id of followers) await post(`controllers/${id}:stop`);
  });

  test("nothing is linearizable, and nothing is ready", async () => {
    const refusal = await refusalOf(get("topics?consistency=linearizable"));
    expect(refusal).toMatchObject({ status: 503, error_code: 50308 });
    expect(refusal.message).toMatch(/what is known here was confirmed \d+ ms ago$/);
    expect((await ready()).status).toBe(503);
  });

  test("a bound is kept to: what is older is refused, and what is not is served", async () => {
    expect(await refusalOf(get("topics?max_staleness_ms=1"))).toMatchObject({
      status: 503,
      error_code: 50308,
      confirmed_age_ms: expect.any(Number),
    });
    expect((await get("topics?max_staleness_ms=3600000")).status).toBe(200);
  });

  test("a read without a demand is answered by the one that is left", async () => {
    const read = await get("topics/current");
    expect(read.status).toBe(200);
    expect(read.headers.get("ETag")).not.toBeNull();
  });

  test("and all is as before when one comes back", async () => {
    const { body } = await quorum.cluster.get<{
      readonly controllers: readonly { readonly node_id: number; readonly role?: string }[];
    }>("quorum");
    const stopped = body.controllers.find(({ role }) => role === "stopped")?.node_id ?? -1;
    await post(`controllers/${stopped}:start`);
    const read = await get("topics?consistency=linearizable&wait_ms=20000");
    expect(read.status).toBe(200);
    expect((await ready()).status).toBe(200);
  });
});
