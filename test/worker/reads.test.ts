/** Metadata reads: positions, freshness, pages, the log as a feed. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CreateTopicsResponse } from "../../src/protocol/index.ts";
import { authorized } from "../../client/cluster-client.ts";
import type { Answer } from "../../client/cluster-client.ts";
import { jsonBroker } from "../../client/json-broker.ts";
import { refusalOf, runningQuorum } from "./running-quorum.ts";
import type { RunningQuorum } from "./running-quorum.ts";

let quorum: RunningQuorum;
beforeAll(async () => {
  quorum = await runningQuorum(3);
  for (const id of [1, 2, 3]) {
    const broker = jsonBroker(quorum.cluster, id);
    await broker.register();
    await broker.heartbeat();
  }
});
afterAll(() => quorum.stop());

const create = (name: string, partitions = 1): Promise<Answer<CreateTopicsResponse>> =>
  quorum.cluster.rpc("CreateTopics", {
    topics: [
      { name, numPartitions: partitions, replicationFactor: 3, assignments: [], configs: [] },
    ],
  });
const get = (path: string, init?: RequestInit): Promise<Response> =>
  quorum.edge.fetch(`/kafka/v3/clusters/${quorum.formed.cluster_id}/${path}`, init);

describe("a read", () => {
  test("after a write sees it, and says how far it reaches", async () => {
    const written = await create("read-your-writes");
    expect(written.body.topics[0]?.errorCode).toBe(0);
    const read = await quorum.cluster.get<{ readonly topic_name: string }>(
      "topics/read-your-writes",
    );
    expect(read.body.topic_name).toBe("read-your-writes");
    expect(read.offset).toBeGreaterThanOrEqual(written.offset);
    const [, at] =
      /^"(\d+:\d+):[0-9a-z]{8}:[0-9a-f]{8}"$/.exec(read.headers.get("ETag") ?? "") ?? [];
    expect(at).toBe(`${read.epoch}:${read.offset}`);
  });

  test("that may be stale still sees what this isolate wrote", async () => {
    await create("never-older");
    const read = await get("topics/never-older?max_staleness_ms=3600000");
    expect(read.status).toBe(200);
  });

  test("whose answer the reader has is a 304", async () => {
    const first = await get("brokers");
    const etag = first.headers.get("ETag") ?? "";
    const second = await get("brokers", { headers: { "If-None-Match": `W/${etag}` } });
    // A heartbeat writes nothing, so nothing was committed in between.
    expect([second.status, await second.text()]).toEqual([304, ""]);
  });

  test("for an offset that is committed meanwhile waits for it", async () => {
    const before = await quorum.cluster.get("brokers");
    const waiting = quorum.cluster.get<{ readonly topic_name: string }>(
      `topics/awaited?min_offset=${before.offset + 1}`,
    );
    await create("awaited");
    expect((await waiting).body.topic_name).toBe("awaited");
  });

  test("for an offset that never comes is a 503, and says how far the view reaches", async () => {
    const refusal = await refusalOf(get("topics?min_offset=9000000&wait_ms=100"));
    expect(refusal).toMatchObject({ status: 503, error_code: 50303 });
    expect(refusal.message).toMatch(/the view reaches \d+/);
  });
});

describe("a resource", () => {
  test("is a broker with its epoch and its fencing", async () => {
    const { body } = await quorum.cluster.get<{ readonly data: readonly unknown[] }>("brokers");
    expect(body.data).toMatchObject([
      { kind: "KafkaBroker", broker_id: 1, host: "broker-1", port: 9092, fenced: false },
      { broker_id: 2 },
      { broker_id: 3 },
    ]);
    expect(await refusalOf(get("brokers/9"))).toMatchObject({ status: 404, error_code: 40404 });
  });

  test("is a partition with leader, replicas and ISR", async () => {
    await create("parts", 4);
    const { body } = await quorum.cluster.get<{
      readonly data: readonly { readonly partition_id: number }[];
    }>("topics/parts/partitions");
    expect(body.data.map((each) => each.partition_id)).toEqual([0, 1, 2, 3]);
    const replicas = await quorum.cluster.get<{
      readonly data: readonly { readonly is_leader: boolean }[];
    }>("topics/parts/partitions/3/replicas");
    expect(replicas.body.data).toHaveLength(3);
    expect(replicas.body.data.filter((each) => each.is_leader)).toHaveLength(1);
    expect(await refusalOf(get("topics/parts/partitions/4"))).toMatchObject({ error_code: 40403 });
    expect(await refusalOf(get("topics/nothing"))).toMatchObject({ error_code: 40403 });
  });

  test("list goes on page by page, in the order of names", async () => {
    for (const name of ["page-b", "page-a", "page-c"]) await create(name);
    const names: string[] = [];
    let next: string | null =
      `${quorum.edge.url}/kafka/v3/clusters/${quorum.formed.cluster_id}/topics?page_size=2`;
    while (next !== null) {
      const page: {
        readonly metadata: { readonly next: string | null };
        readonly data: readonly { readonly topic_name: string }[];
      } = JSON.parse(await (await fetch(next, authorized(quorum.edge.token))).text());
      expect(page.data.length).toBeLessThanOrEqual(2);
      names.push(...page.data.map((each) => each.topic_name));
      next = page.metadata.next;
    }
    expect(names).toEqual(names.toSorted());
    expect(names.filter((name) => name.startsWith("page-"))).toEqual([
      "page-a",
      "page-b",
      "page-c",
    ]);
  });
});

const send = (method: string, path: string, body?: unknown): Promise<Response> =>
  get(path, {
    method,
    headers: { "Content-Type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

describe("a topic in REST words", () => {
  test("is created, grown and deleted", async () => {
    const created = await send("POST", "topics", {
      topic_name: "rest",
      partitions_count: 2,
      replication_factor: 3,
      configs: [{ name: "retention.ms", value: "1000" }],
    });
    expect([created.status, await created.json()]).toMatchObject([
      201,
      { topic_name: "rest", partitions_count: 2, replication_factor: 3 },
    ]);
    const grown = await send("PATCH", "topics/rest", { partitions_count: 5 });
    expect([grown.status, await grown.json()]).toMatchObject([200, { partitions_count: 5 }]);
    expect((await send("DELETE", "topics/rest")).status).toBe(204);
    expect(await refusalOf(get("topics/rest"))).toMatchObject({ error_code: 40403 });
  });

  test("may be placed by hand, or only tried", async () => {
    const placed = await send("POST", "topics", {
      topic_name: "placed",
      replicas_assignments: { "0": [3, 1] },
    });
    expect([placed.status, await placed.json()]).toMatchObject([201, { replication_factor: 2 }]);
    const tried = await send("POST", "topics", {
      topic_name: "tried",
      partitions_count: 1,
      validate_only: true,
    });
    expect(tried.status).toBe(200);
    expect(await refusalOf(get("topics/tried"))).toMatchObject({ status: 404 });
  });

  test("that Kafka refuses is a 4xx with Kafka's sentence", async () => {
    const many = { topic_name: "many", partitions_count: 1, replication_factor: 9 };
    const refusal = await refusalOf(send("POST", "topics", many));
    expect(refusal).toMatchObject({ status: 400, error_code: 40002 });
    expect(refusal.message).toContain("INVALID_REPLICATION_FACTOR");
    expect(await refusalOf(send("DELETE", "topics/never-there"))).toMatchObject({
      error_code: 40403,
    });
    expect(await refusalOf(send("POST", "topics", { topic_name: 5 }))).toMatchObject({
      error_code: 40002,
    });
  });
});

describe("the metadata log", () => {
  test("has every offset once, from the first to the high watermark", async () => {
    const { lines, next, highWatermark } = await quorum.cluster.log(0);
    expect(lines.map((line) => line.offset)).toEqual(lines.map((_, at) => at));
    expect([next, lines.length]).toEqual([highWatermark, highWatermark]);
    expect(lines[0]).toMatchObject({ offset: 0, version: 0 });
    expect(lines.map((line) => line.type)).toContain("REGISTER_BROKER_RECORD");
  });

  test("goes on from any offset, in pieces of any size, without a gap", async () => {
    const { lines } = await quorum.cluster.log(0);
    const offsets: number[] = [];
    for (let next = 3; next < lines.length;) {
      const response = await get(`metadata-log?from_offset=${next}&max_bytes=1`);
      for (const text of (await response.text()).split("\n").filter((each) => each !== "")) {
        const line: { readonly offset: number } = JSON.parse(text);
        offsets.push(line.offset);
      }
      next = Number(response.headers.get("Kafka-Next-Offset"));
    }
    expect(offsets).toEqual(lines.slice(3).map((line) => line.offset));
  });

  test("holds an answer that would be empty until something is committed", async () => {
    const { highWatermark } = await quorum.cluster.log(0);
    const waiting = quorum.cluster.log(highWatermark, 20_000);
    await create("long-poll");
    const types = (await waiting).lines.map((line) => line.type);
    expect(types).toContain("TOPIC_RECORD");
  });

  test("is empty past its end, and says where that is", async () => {
    const { highWatermark } = await quorum.cluster.log(0);
    expect(await quorum.cluster.log(highWatermark)).toEqual({
      lines: [],
      next: highWatermark,
      highWatermark,
    });
  });

  test("is to be had as the batches that brokers fetch", async () => {
    const { highWatermark } = await quorum.cluster.log(0);
    const raw = Buffer.from(await quorum.cluster.rawLog());
    // Base offset of the first batch, and the magic byte of record batch version 2.
    expect([raw.readBigInt64BE(0), raw.readInt8(16)]).toEqual([0n, 2]);
    expect(highWatermark).toBeGreaterThan(0);
  });
});
