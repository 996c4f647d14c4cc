/**
 * Giving the nodes of a fork what their logs begin after, on real objects: every step may be the one at which it breaks
 * off, and none of them may leave a node that begins from something else.
 */
import { SELF } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import {
  ROUTES,
  isPrepareAnswer,
  readJson,
  routeOf,
  urlOf,
  type FormRequest,
  type RouteName,
  type RouteQuery,
} from "../../durable-objects/contract.ts";
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import { isSnapshotList, type SeedEnd } from "../../durable-objects/snapshot-contract.ts";
import { forkWriting } from "../../durable-objects/snapshots/fork-writing.ts";
import { applyRecords, emptyImage } from "../../src/metadata/index.ts";
import { FeatureLevelRecord } from "../../src/protocol/index.ts";
import { app } from "../../worker/app.ts";
import { clusterOf, stubOf } from "./quorum.ts";
import { bringing } from "./bringing.ts";

const BASE = "https://kedge/kafka/v3/clusters";

interface Call {
  readonly route: RouteName;
  readonly query?: RouteQuery;
  readonly body?: string | Uint8Array<ArrayBuffer>;
}

const send = async (cluster: ClusterEntry, nodeId: number, { route, query, body }: Call) => {
  const response = await stubOf(cluster, nodeId).fetch(urlOf(route, query), {
    method: ROUTES[route].method,
    body: body ?? null,
  });
  return { status: response.status, text: await response.text() };
};

/** The pieces of a seed for a cluster, and what ends it. */
function seedOf(cluster: ClusterEntry): { pieces: Uint8Array<ArrayBuffer>[]; end: SeedEnd } {
  const level = FeatureLevelRecord.of(0, { name: "metadata.version", featureLevel: 25 });
  const provenance = { endOffset: 40, epoch: 7, timestampMs: 1_000 };
  const writing = forkWriting(applyRecords(emptyImage, [level], provenance), cluster);
  const pieces = [writing.header(), ...writing.slice(10).batches].map((each) => each.slice());
  const { size, timestampMs } = writing.stored;
  return { pieces, end: { end_offset: 40, epoch: 7, size, timestamp_ms: timestampMs } };
}

/** Gives a node all of its seed; the answers. */
async function give(cluster: ClusterEntry, nodeId: number): Promise<readonly number[]> {
  const { pieces, end } = seedOf(cluster);
  const statuses: number[] = [];
  let position = 0;
  for (const body of pieces) {
    const query = { end_offset: 40, epoch: 7, position };
    statuses.push((await send(cluster, nodeId, { route: "seed", query, body })).status);
    position += body.length;
  }
  const ended = await send(cluster, nodeId, { route: "endSeed", body: JSON.stringify(end) });
  return [...statuses, ended.status];
}

const prepared = async (cluster: ClusterEntry): Promise<ClusterEntry> => {
  const [voter] = cluster.initial_voters;
  if (voter === undefined) throw new Error("a cluster without voters");
  const response = await stubOf(cluster, 3000).fetch(urlOf("prepare"), { method: "POST" });
  const { directory_id } = await readJson(response, isPrepareAnswer);
  return { ...cluster, initial_voters: [{ ...voter, directory_id }] };
};

const ORIGIN = {
  cluster_id: "AAAAAAAAAAAAAAAAAAAH9A",
  created_ms: 1,
  offset: 39,
  epoch: 7,
  at_offset: null,
};

const formed = (cluster: ClusterEntry): Promise<{ status: number; text: string }> => {
  const request: FormRequest = { cluster, is_formed: false };
  return send(cluster, 3000, { route: "form", body: JSON.stringify(request) });
};

describe("a node", () => {
  test("is formed for a fork with its seed alone, and goes on from there", async () => {
    const cluster = await prepared(clusterOf("AAAAAAAAAAAAAAAAAAAH0A", 1));
    const fork = { ...cluster, fork_of: ORIGIN };
    expect(await formed(fork)).toMatchObject({
      status: 409,
      text: expect.stringContaining("seed it first"),
    });
    expect(await give(cluster, 3000)).toEqual([200, 200, 200, 200]);
    // For another fork, or none, it is no seed.
    expect((await formed(cluster)).status).toBe(409);
    expect((await formed({ ...fork, fork_of: { ...ORIGIN, epoch: 6 } })).status).toBe(409);
    expect((await formed({ ...fork, fork_of: { ...ORIGIN, offset: 40 } })).status).toBe(409);
    expect((await formed(fork)).status).toBe(200);
    const list = await stubOf(cluster, 3000).fetch(urlOf("snapshots"));
    expect(await readJson(list, isSnapshotList)).toMatchObject({
      snapshots: [{ end_offset: 40, epoch: 7, timestamp_ms: 1_000 }],
      log_start_offset: 40,
    });
    // What it has now is its own.
    expect(await give(cluster, 3000)).toEqual([409, 409, 409, 409]);
  });

  test("that has no storage is given no seed", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAH1A", 1);
    expect(await give(cluster, 3000)).toEqual([409, 409, 409, 409]);
  });

  test("refuses what is no piece, and the end of what is no seed", async () => {
    const cluster = await prepared(clusterOf("AAAAAAAAAAAAAAAAAAAH2A", 1));
    const query = { end_offset: 40, epoch: 7, position: 0 };
    const piece = new Uint8Array(9);
    for (const call of [
      { route: "seed", query },
      { route: "seed", query: { ...query, position: -1 }, body: piece },
      { route: "seed", query: { ...query, epoch: 1.5 }, body: piece },
      { route: "seed", query, body: new Uint8Array(10 * 1_048_576) },
      { route: "endSeed", body: "no JSON" },
      { route: "endSeed", body: JSON.stringify({ end_offset: 40 }) },
    ] as const) {
      expect(await send(cluster, 3000, call)).toMatchObject({ status: 400 });
    }
    expect(await send(cluster, 3000, { route: "seed", query, body: piece })).toMatchObject({
      status: 200,
    });
    const { end } = seedOf(cluster);
    const ended = await send(cluster, 3000, {
      route: "endSeed",
      body: JSON.stringify({ ...end, size: 9 }),
    });
    expect(ended).toMatchObject({ status: 409, text: expect.stringContaining("not sound") });
    // It is an ordinary node all the same.
    expect((await formed(cluster)).status).toBe(200);
  });

  test("refuses ranges of snapshots that it does not have, or that end before", async () => {
    const cluster = await prepared(clusterOf("AAAAAAAAAAAAAAAAAAAH3A", 1));
    await give(cluster, 3000);
    await formed({ ...cluster, fork_of: ORIGIN });
    const { end } = seedOf(cluster);
    const query = { end_offset: 40, epoch: 7, position: 0, max_bytes: 10 };
    const range = (changed: object) =>
      send(cluster, 3000, { route: "snapshot", query: { ...query, ...changed } });
    expect(await range({ position: end.size - 1 })).toMatchObject({ status: 200 });
    expect(await range({ position: end.size })).toMatchObject({ status: 400 });
    expect(await range({ position: -1 })).toMatchObject({ status: 400 });
    expect(await range({ max_bytes: 0 })).toMatchObject({ status: 400 });
    expect(await range({ end_offset: 39 })).toMatchObject({ status: 410 });
    expect(await range({ epoch: 8 })).toMatchObject({ status: 410 });
  });
});

/** A Worker to which the calls of a route of one node are lost, from the n-th on. */
function edgeLosing(nodeId: number, lost: RouteName, from: number) {
  let calls = 0;
  const controllers = {
    getByName: (name: string) => ({
      fetch: async (url: string, init: RequestInit) => {
        const route = routeOf(init.method ?? "GET", new URL(url).pathname);
        if (name.endsWith(`/${nodeId}`) && route === lost && (calls += 1) >= from)
          throw new Error("the connection broke");
        const stub = env.CONTROLLERS.getByName(name);
        const response = await stub.fetch(url, init);
        return new Response(await response.arrayBuffer(), response);
      },
    }),
  };
  return { ...env, CONTROLLERS: controllers };
}

const SOURCE = "AAAAAAAAAAAAAAAAAAAI0A";

const create = async (body: object, bindings?: object) => {
  const asked = { method: "POST", body: JSON.stringify(body) };
  const init = await bringing("admin", asked);
  const response =
    bindings === undefined ? await SELF.fetch(BASE, init) : await app.request(BASE, init, bindings);
  return { status: response.status, body: await response.json<Record<string, unknown>>() };
};

const write = async (clusterId: string, value: string): Promise<void> => {
  const asked = {
    method: "POST",
    body: JSON.stringify({
      resources: [
        {
          resourceType: 4,
          resourceName: "",
          configs: [{ name: "min.insync.replicas", configOperation: 0, value }],
        },
      ],
      validateOnly: false,
    }),
  };
  const response = await SELF.fetch(
    `${BASE}/${clusterId}/rpc/IncrementalAlterConfigs`,
    await bringing("admin", asked),
  );
  expect(response.status).toBe(200);
  await response.body?.cancel();
};

describe("a fork that breaks off", () => {
  beforeEach(async () => {
    expect([200, 201]).toContain((await create({ cluster_id: SOURCE, voters: 1 })).status);
    await write(SOURCE, "1");
  });

  test.each([
    ["AAAAAAAAAAAAAAAAAAAJ0A", "prepare", 1],
    ["AAAAAAAAAAAAAAAAAAAJ1A", "seed", 1],
    ["AAAAAAAAAAAAAAAAAAAJ2A", "seed", 2],
    ["AAAAAAAAAAAAAAAAAAAJ3A", "endSeed", 1],
    ["AAAAAAAAAAAAAAAAAAAJ4A", "form", 1],
  ] as const)(
    "is finished by asking again, with the same state (%s, %s, %i)",
    async (id, lost, from) => {
      const request = { cluster_id: id, fork_of: SOURCE, voters: 3 };
      const broken = await create(request, edgeLosing(3001, lost, from));
      expect(broken).toMatchObject({ status: 503 });
      const listed = await env.DIRECTORY.getByName("directory").get(id);
      await write(SOURCE, "2");
      const finished = await create(request);
      const { offset } = Object(listed?.cluster.fork_of);
      expect(finished).toMatchObject({
        status: 200,
        body: { fork_of: { cluster_id: SOURCE, offset } },
      });
      const diff = await SELF.fetch(
        `${BASE}/${id}/metadata-diff?from=${offset}`,
        await bringing("admin"),
      );
      expect(await diff.text()).not.toContain("min.insync.replicas");
      expect(new Set(await wholeSnapshots(id, [3000, 3001, 3002], offset)).size).toBe(1);
    },
  );

  test("is a 404 when the other cluster has gone meanwhile, though one of its id is there", async () => {
    const request = { cluster_id: "AAAAAAAAAAAAAAAAAAAJ5A", fork_of: SOURCE, voters: 1 };
    expect((await create(request, edgeLosing(3000, "endSeed", 1))).status).toBe(503);
    expect(await purge(SOURCE)).toBe(204);
    expect(await create(request)).toMatchObject({ status: 404, body: { error_code: 40401 } });
    await create({ cluster_id: SOURCE, voters: 1 });
    await write(SOURCE, "1");
    expect(await create(request)).toMatchObject({ status: 404, body: { error_code: 40401 } });
    expect(await purge(request.cluster_id)).toBe(204);
    expect((await create(request)).status).toBe(201);
    // One that is whole needs the other no more.
    expect(await purge(SOURCE)).toBe(204);
    expect((await create(request)).status).toBe(200);
  });
});

const purge = async (clusterId: string): Promise<number> => {
  const url = `${BASE}/${clusterId}?purge=${clusterId}`;
  return (await SELF.fetch(url, await bringing("admin", { method: "DELETE" }))).status;
};

/** The bytes of that snapshot on each node, as text. */
const wholeSnapshots = (
  clusterId: string,
  nodeIds: readonly number[],
  offset: number,
): Promise<readonly string[]> =>
  Promise.all(
    nodeIds.map(async (nodeId) => {
      const stub = stubOf(clusterOf(clusterId), nodeId);
      const list = await readJson(await stub.fetch(urlOf("snapshots")), isSnapshotList);
      const found = list.snapshots.find(({ end_offset: end }) => end === offset + 1);
      if (found === undefined) throw new Error(`node ${nodeId} has no snapshot at ${offset + 1}`);
      const parts: number[] = [];
      while (parts.length < found.size) {
        const query = { end_offset: found.end_offset, epoch: found.epoch, position: parts.length };
        const range = await stub.fetch(urlOf("snapshot", { ...query, max_bytes: 1_000_000 }));
        parts.push(...new Uint8Array(await range.arrayBuffer()));
      }
      return parts.join();
    }),
  );
