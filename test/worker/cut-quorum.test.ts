/** A real quorum whose log is cut again and again: everyone who reads goes on, and a fork begins where it stood. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  RefusedError,
  clusterClient,
  formCluster,
  posted,
  type ClusterClient,
} from "../../client/cluster-client.ts";
import { jsonBroker, type JsonBroker } from "../../client/json-broker.ts";
import { startQuorum, type Quorum } from "../../local/quorum.ts";
import type { CreateTopicsResponse } from "../../src/protocol/index.ts";
import { decodeMetadataRecord, decodeSnapshot } from "../../src/protocol/index.ts";
import { refusalOf } from "./running-quorum.ts";

/** A snapshot with every few operations, and no more of them kept than must be. */
const SETTINGS = {
  "metadata.log.max.record.bytes.between.snapshots": 2_000,
  "metadata.max.retention.bytes": 0,
};

let quorum: Quorum;
let brokers: readonly JsonBroker[];

beforeAll(async () => {
  quorum = await startQuorum({
    form: (edge) => formCluster(edge, { voters: 3, settings: SETTINGS }),
  });
  brokers = [1, 2, 3].map((id) => jsonBroker(quorum.cluster, id));
  for (const broker of brokers) {
    await broker.register();
    await broker.heartbeat();
    broker.keepAlive();
  }
  for (let at = 0; at < 30; at += 1) await createTopic(`early-${at}`);
  await untilCutAbove(10);
});

afterAll(async () => {
  await Promise.all(brokers.map((broker) => broker.fallSilent()));
  await quorum.stop();
});

async function createTopic(name: string, cluster = quorum.cluster): Promise<number> {
  const topic = { name, numPartitions: 2, replicationFactor: 3, assignments: [], configs: [] };
  const { body, offset } = await cluster.rpc<CreateTopicsResponse>("CreateTopics", {
    topics: [topic],
  });
  expect(body.topics[0]?.errorCode).toBe(0);
  return offset;
}

const get = (path: string, cluster: ClusterClient = quorum.cluster): Promise<Response> =>
  quorum.edge.fetch(`/kafka/v3/clusters/${cluster.clusterId}/${path}`);

/** Waits until no controller has the log at `offset` any more. */
async function untilCutAbove(offset: number): Promise<void> {
  for (;;) {
    const { body } = await quorum.cluster.get<{
      readonly controllers: readonly { readonly log_start_offset: number }[];
    }>("quorum");
    if (body.controllers.every(({ log_start_offset: start }) => start > offset)) return;
    await new Promise((settle) => setTimeout(settle, 50));
  }
}

const topicNames = async (cluster: ClusterClient, query = ""): Promise<readonly string[]> => {
  const path = `topics?page_size=5000${query}`;
  const { body } = await cluster.get<{ readonly data: readonly { readonly topic_name: string }[] }>(
    path,
  );
  return body.data.map(({ topic_name: name }) => name);
};

describe("a log that is cut", () => {
  test("has snapshots, of which each controller says what it has", async () => {
    const snapshots = await quorum.cluster.snapshots();
    expect(snapshots.length).toBeGreaterThan(0);
    const owners = snapshots.flatMap(({ controller_ids: ids }) => ids);
    expect(new Set(owners)).toEqual(new Set([3000, 3001, 3002]));
  });

  test("has its newest snapshot as a file", async () => {
    const file = await quorum.cluster.snapshot();
    expect(file.name).toMatch(/^\d{20}-\d{10}\.checkpoint$/);
    const { frame, values } = decodeSnapshot(file.bytes);
    expect(frame.epoch).toBe(file.epoch);
    expect(frame.voters?.set?.voters.map(({ voterId }) => voterId)).toEqual([3000, 3001, 3002]);
    const types = values.map((value) => decodeMetadataRecord(value).type);
    expect(types.filter((type) => type === "REGISTER_BROKER_RECORD")).toHaveLength(3);
  });

  test("refuses its beginning to a reader, who goes on from the snapshot without a gap", async () => {
    const refused: unknown = await quorum.cluster.log(0).catch((error: unknown) => error);
    const refusal = refused instanceof RefusedError ? refused.refusal : undefined;
    expect(refusal).toMatchObject({ error_code: 41001 });
    const next = refusal?.next_offset ?? -1;
    expect((await quorum.cluster.snapshots()).map((each) => each.end_offset)).toContain(next);
    const { lines, highWatermark } = await quorum.cluster.log(next);
    expect(lines.map(({ offset }) => offset)).toEqual(
      Array.from({ length: highWatermark - next }, (_, at) => next + at),
    );
  });

  test("is read through by the Worker, in a runtime that has just started too", async () => {
    const names = await topicNames(quorum.cluster);
    expect(names.filter((name) => name.startsWith("early-"))).toHaveLength(30);
    await quorum.kill();
    await quorum.restart();
    await quorum.untilReady();
    expect(await topicNames(quorum.cluster)).toEqual(names);
  });
});

describe("the past", () => {
  test("is shown as of an offset, a time, and by what changed since", async () => {
    const before = await createTopic("before");
    const { body } = await quorum.cluster.get<{ readonly topic_name: string }>(
      `topics/before?at_offset=${before}`,
    );
    expect(body.topic_name).toBe("before");
    const { lines } = await quorum.cluster.log(before);
    const written = lines[0]?.timestamp_ms ?? 0;
    // A clock of milliseconds may not have moved on by the next write.
    await new Promise((settle) => setTimeout(settle, 20));
    const after = await createTopic("after");
    const past = await get(`topics/after?at_offset=${before}`);
    expect(past.status).toBe(404);
    expect(await topicNames(quorum.cluster, `&at_time=${written + 1}`)).not.toContain("after");
    expect(await topicNames(quorum.cluster, `&at_offset=${after}`)).toContain("after");
    const diff = await quorum.cluster.diff(before, after);
    expect(diff.data).toMatchObject([
      { entity: "TOPIC", change: "CREATED", id: { name: "after" } },
    ]);
  });

  test("that is not kept any more is refused, and so is the future", async () => {
    expect(await refusalOf(get("topics?at_offset=3"))).toMatchObject({
      status: 410,
      error_code: 41003,
    });
    expect(await refusalOf(get("topics?at_offset=900000"))).toMatchObject({
      status: 400,
      error_code: 40005,
    });
  });
});

const create = (body: unknown): Promise<Response> =>
  quorum.edge.fetch(`/kafka/v3/clusters`, posted(body));

describe("a fork", () => {
  test("begins with the other cluster's state and goes its own way", async () => {
    const offset = await createTopic("forked");
    await createTopic("not-forked");
    const formed = await formCluster(quorum.edge, {
      fork_of: quorum.formed.cluster_id,
      at_offset: offset,
      voters: 3,
      settings: SETTINGS,
    });
    expect(formed.fork_of).toEqual({ cluster_id: quorum.formed.cluster_id, offset });
    const fork = clusterClient(quorum.edge, formed.cluster_id);
    const names = await topicNames(fork);
    expect([names.includes("forked"), names.includes("not-forked")]).toEqual([true, false]);
    expect(names).toEqual(await topicNames(quorum.cluster, `&at_offset=${offset}`));

    // Its log goes on from there, in a later epoch, and begins with no bootstrap records.
    const { lines } = await fork.log(offset + 1);
    const [origin] = (await fork.snapshots()).toReversed();
    expect(origin).toMatchObject({ end_offset: offset + 1, controller_ids: [3000, 3001, 3002] });
    expect(lines[0]).toMatchObject({ offset: offset + 1 });
    expect(lines[0]?.leader_epoch).toBeGreaterThan(origin?.epoch ?? 0);
    expect(lines.map(({ type }) => type)).not.toContain("FEATURE_LEVEL_RECORD");

    // Nobody is there yet.
    const { body } = await fork.get<{
      readonly data: readonly { readonly fenced: boolean; readonly log_dirs: readonly string[] }[];
    }>("brokers");
    expect(body.data.map(({ fenced }) => fenced)).toEqual([true, true, true]);
    const [partition] = await fork.partitions("forked");
    expect([partition?.leader_id, partition?.isr_ids.length]).toEqual([-1, 3]);

    // Brokers may stand in for the other's, and a change of the fork is none of the other.
    for (const [at, { log_dirs: logDirs }] of body.data.entries()) {
      const own = jsonBroker(fork, at + 1, logDirs[0]);
      expect(await own.register()).toBeGreaterThan(offset);
      expect(await own.heartbeat()).toMatchObject({ errorCode: 0, isFenced: false });
    }
    expect((await fork.partitions("forked"))[0]?.leader_id).toBeGreaterThan(0);
    const topic = { name: "own", numPartitions: 1, replicationFactor: 1 };
    await fork.rpc("CreateTopics", { topics: [{ ...topic, assignments: [], configs: [] }] });
    expect(await topicNames(fork)).toContain("own");
    expect(await topicNames(quorum.cluster)).not.toContain("own");

    const { edge } = quorum;
    const path = `/kafka/v3/clusters/${formed.cluster_id}`;
    expect((await edge.fetch(path, { method: "DELETE" })).status).toBe(200);
    expect((await edge.fetch(path)).status).toBe(410);
    const purged = await edge.fetch(`${path}?purge=${formed.cluster_id}`, { method: "DELETE" });
    expect(purged.status).toBe(204);
    expect((await edge.fetch(path)).status).toBe(404);
  });

  test("of the newest state, with one voter, lives through a restart; asked for again it is the same", async () => {
    const request = { fork_of: quorum.formed.cluster_id, voters: 1, cluster_id: newId() };
    const newest = await createTopic("newest");
    const first = await create(request);
    expect(first.status).toBe(201);
    const body: { readonly fork_of: { readonly offset: number } } = JSON.parse(await first.text());
    expect(body.fork_of.offset).toBeGreaterThanOrEqual(newest);
    const again = await create(request);
    expect([again.status, await again.json()]).toMatchObject([200, { fork_of: body.fork_of }]);
    const fork = clusterClient(quorum.edge, request.cluster_id);
    await fork.post("controllers/3000:restart");
    expect(await topicNames(fork)).toContain("newest");
    expect(await refusalOf(create({ ...request, at_offset: newest }))).toMatchObject({
      status: 409,
      error_code: 40901,
    });
    expect(await refusalOf(create({ voters: 1, cluster_id: request.cluster_id }))).toMatchObject({
      status: 409,
    });
    // A fork can be forked.
    const second = await formCluster(quorum.edge, { fork_of: request.cluster_id, voters: 1 });
    expect(await topicNames(clusterClient(quorum.edge, second.cluster_id))).toContain("newest");
  });

  test("that cannot be made leaves nothing behind", async () => {
    const before = await listed();
    const of = quorum.formed.cluster_id;
    const unknown = newId();
    for (const [body, refusal] of [
      [{ fork_of: unknown }, { status: 404, error_code: 40401 }],
      [
        { fork_of: of, at_offset: 3 },
        { status: 410, error_code: 41003 },
      ],
      [
        { fork_of: of, at_offset: 900_000 },
        { status: 400, error_code: 40005 },
      ],
      [
        { fork_of: of, metadata_version: 25 },
        { status: 400, error_code: 40002 },
      ],
      [
        { fork_of: of, cluster_id: of },
        { status: 400, error_code: 40002 },
      ],
      [{ fork_of: 5 }, { status: 400, error_code: 40002 }],
    ] as const) {
      expect(await refusalOf(create(body))).toMatchObject(refusal);
    }
    expect(await listed()).toEqual(before);
  });
});

const newId = (): string =>
  `${Buffer.from(crypto.getRandomValues(new Uint8Array(15)))
    .toString("base64url")
    .replaceAll("-", "a")}AA`;

async function listed(): Promise<readonly string[]> {
  const response = await quorum.edge.fetch(`/kafka/v3/clusters`);
  const body: { readonly data: readonly { readonly cluster_id: string }[] } = JSON.parse(
    await response.text(),
  );
  return body.data.map(({ cluster_id: id }) => id);
}
