/**
 * What never changes: what is answered and what is not, what a cache may keep of it, and that an isolate which knows
 * nothing asks controllers for the tail alone. The cache here is one that does as it is told by HTTP's headers; the
 * platform's is not at hand.
 */
import { beforeEach, describe, expect, test, vi } from "vitest";
import { recordBatches } from "../../src/protocol/index.ts";
import { immutableLog } from "../../worker/immutable/immutable-log.ts";
import type { Bindings, ImmutableLogDoor, Tenant } from "../../worker/env.ts";
import { record } from "../metadata/world.ts";
import { cutCluster, type CutCluster } from "./cut-log.ts";
import { CONFIG_RECORDS, SECRET_RECORDS, leaksIn } from "./planted.ts";

/** A cache before the entrypoint: its key is the tenant and the address. */
class Cache {
  readonly kept = new Map<
    string,
    { readonly body: Uint8Array<ArrayBuffer>; readonly headers: Headers }
  >();
  readonly statuses: number[] = [];
  env: Bindings | undefined;

  readonly door: ImmutableLogDoor = ({ props }) => ({
    fetch: async (url, init) => {
      const key = JSON.stringify([props, url]);
      const kept = this.kept.get(key);
      if (kept !== undefined) return new Response(kept.body, { headers: kept.headers });
      const response = await ask(this.env, props, url, init);
      this.statuses.push(response.status);
      const body = new Uint8Array(await response.arrayBuffer());
      if (response.headers.get("Cache-Control")?.startsWith("public") === true)
        this.kept.set(key, { body, headers: response.headers });
      return new Response(body, response);
    },
  });
}

/** Calls the entrypoint, past any cache. */
async function ask(
  env: Bindings | undefined,
  tenant: Tenant,
  url: string,
  init?: RequestInit,
): Promise<Response> {
  if (env === undefined) throw new Error("no Worker");
  return await immutableLog.fetch(new Request(url, init), { ...env, TENANT: tenant });
}

const answering =
  (answer: () => Response): ImmutableLogDoor =>
  () => ({ fetch: async () => answer() });
const REFUSING = answering(() => new Response("no", { status: 404 }));
const UNSOUND = answering(() => new Response("not a batch"));
const LOST = answering(() => {
  throw new Error("lost");
});

/** Why that is a 404 that nobody may keep. */
async function refused(answer: Promise<Response>): Promise<string> {
  const response = await answer;
  expect([response.status, response.headers.get("Cache-Control")]).toEqual([404, "no-store"]);
  return await response.text();
}

const NO_OPS = Array.from({ length: 100 }, () => record("NO_OP_RECORD", 0, {}));

let cluster: CutCluster;
let tenant: Tenant;
let cache: Cache;

beforeEach(() => {
  cluster = cutCluster(() => undefined);
  const { entry, env } = cluster.edge;
  tenant = { cluster_id: entry.cluster_id, created_ms: entry.created_ms };
  cache = new Cache();
  cache.env = env;
  for (const controller of [cluster.one, cluster.other]) controller.chunkBytes = 50_000;
});

/** Fifty topics, then a hundred records in a batch: the first boundary, 8,192, lies within one. */
function grow(to: number): void {
  const { log } = cluster;
  while (log.end < to) log.append(NO_OPS);
}

const askFor = (path: string, init?: RequestInit): Promise<Response> =>
  ask(cache.env, tenant, `https://immutable${path}`, init);

/** What an isolate that knows nothing shows, and what it asked controllers for. */
async function coldRead(env: Bindings = cluster.edge.env): Promise<{
  readonly offset: number;
  readonly topics: number;
  readonly asked: readonly string[];
}> {
  vi.resetModules();
  const { app } = await import("../../worker/app.ts");
  const asked = [cluster.one, cluster.other].map((each) => each.asked.length);
  const path = `/kafka/v3/clusters/${tenant.cluster_id}/topics`;
  const response = await app.request(`http://localhost${path}`, {}, env);
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  const body: { readonly data: readonly unknown[] } = JSON.parse(text);
  return {
    offset: Number(response.headers.get("Kafka-Metadata-Offset")),
    topics: body.data.length,
    asked: [cluster.one, cluster.other].flatMap((each, at) => each.asked.slice(asked[at])),
  };
}

const cachedEnv = (): Bindings => ({ ...cluster.edge.env, IMMUTABLE_LOG: cache.door });

describe("an isolate that knows nothing", () => {
  test("asks one controller where to begin, and then for the tail, once others have read the rest", async () => {
    grow(10_000);
    cluster.one.snapshots = [cluster.log.snapshotAt(cluster.log.end)];
    grow(30_000);
    const first = await coldRead(cachedEnv());
    expect(first).toMatchObject({ offset: cluster.log.end - 1, topics: 50 });
    expect(first.asked.filter((route) => route === "snapshot").length).toBeGreaterThan(0);
    expect(first.asked.filter((route) => route === "log").length).toBeGreaterThan(2);
    cluster.log.appendTopic("one-more");
    const second = await coldRead(cachedEnv());
    expect(second).toEqual({
      offset: cluster.log.end - 1,
      topics: 51,
      asked: ["snapshots", "log"],
    });
    expect(new Set(cache.statuses)).toEqual(new Set([200]));
  });

  test("does the same without a snapshot", async () => {
    grow(20_000);
    await coldRead(cachedEnv());
    expect(await coldRead(cachedEnv())).toEqual({
      offset: cluster.log.end - 1,
      topics: 50,
      asked: ["snapshots", "log"],
    });
  });

  test("reads everything from controllers where there is no entrypoint, and where it answers nothing", async () => {
    grow(9_000);
    const whole = { offset: cluster.log.end - 1, topics: 50 };
    expect(await coldRead()).toMatchObject(whole);
    for (const door of [REFUSING, LOST, UNSOUND])
      expect(await coldRead({ ...cluster.edge.env, IMMUTABLE_LOG: door })).toMatchObject(whole);
  });

  test("does not join what a cache has to the log of another history", async () => {
    grow(9_000);
    await coldRead(cachedEnv());
    // All controllers are taken back to before the first record, and another leader's epoch writes anew.
    const { log } = cluster;
    log.batches.splice(0);
    log.epoch = 7;
    for (let at = 0; at < 3; at += 1) log.appendTopic(`anew-${at}`);
    grow(9_000);
    const read = await coldRead(cachedEnv());
    expect(read).toMatchObject({ offset: log.end - 1, topics: 3 });
  });
});

describe("what is answered", () => {
  test("says that it may be kept, under a strong tag, and is a 304 for who has it", async () => {
    grow(20_000);
    const response = await askFor("/log/0-8192");
    const etag = response.headers.get("ETag") ?? "";
    expect([response.status, response.headers.get("Cache-Control")]).toEqual([
      200,
      "public, max-age=86400, immutable",
    ]);
    expect(etag).toMatch(/^"[0-9a-f]{32}"$/);
    const batches = [...recordBatches(new Uint8Array(await response.arrayBuffer()))];
    expect([batches[0]?.baseOffset, batches.at(-1)?.baseOffset]).toEqual([0, 8_150]);
    const again = await askFor("/log/0-8192", { headers: { "If-None-Match": etag } });
    expect([again.status, await again.text()]).toEqual([304, ""]);
    // The batch that crossed the boundary was in the first range: the next one begins where it ends.
    expect((await askFor("/log/8250-16384")).status).toBe(200);
  });

  test("has no secret in it, of the log or of a snapshot, and all else as it was", async () => {
    const { log } = cluster;
    log.append(CONFIG_RECORDS);
    log.append(SECRET_RECORDS);
    grow(10_000);
    cluster.one.snapshots = [log.snapshotAt(log.end)];
    const range = new Uint8Array(await (await askFor("/log/0-8192")).arrayBuffer());
    expect(leaksIn(Buffer.concat(log.batches.map(({ bytes }) => bytes))).length).toBeGreaterThan(0);
    expect(leaksIn(range)).toEqual([]);
    const before = log.batches.slice(0, 50).map(({ bytes }) => bytes);
    expect(Buffer.from(range).subarray(0, Buffer.concat(before).length)).toEqual(
      Buffer.concat(before),
    );
    await coldRead(cachedEnv());
    const chunks = [...cache.kept].filter(([key]) => key.includes("/snapshots/"));
    expect(chunks.length).toBeGreaterThan(0);
    expect(leaksIn(cluster.one.snapshots[0]?.bytes ?? new Uint8Array(0)).length).toBeGreaterThan(0);
    expect(chunks.flatMap(([, { body }]) => leaksIn(body))).toEqual([]);
  });

  test("lets a token end that began in a range and ended in the tail", async () => {
    const [begun, ended] = ["DELEGATION_TOKEN_RECORD", "REMOVE_DELEGATION_TOKEN_RECORD"].map(
      (type) => SECRET_RECORDS.filter((each) => each.type === type),
    );
    cluster.log.append(begun ?? []);
    grow(9_000);
    cluster.log.append(ended ?? []);
    expect([begun?.length, ended?.length]).toEqual([2, 1]);
    vi.resetModules();
    const { app } = await import("../../worker/app.ts");
    const { presentOf } = await import("../../worker/observer/kept-images.ts");
    const path = `/kafka/v3/clusters/${tenant.cluster_id}/topics`;
    await app.request(`http://localhost${path}`, {}, cachedEnv());
    const image = presentOf(`${tenant.cluster_id}@${tenant.created_ms}`)?.image;
    expect(cache.kept.size).toBeGreaterThan(0);
    expect(image?.delegationTokens.size).toBe(1);
  });
});

describe("what is not answered is a 404 that nobody may keep:", () => {
  test("a range that is not committed to its end", async () => {
    grow(20_000);
    for (const controller of [cluster.one, cluster.other]) controller.known = 8_150;
    expect(await refused(askFor("/log/0-8192"))).toContain("committed ends at 8150");
  });

  test("a range that was cut from the log", async () => {
    grow(20_000);
    cluster.cutAll(9_050);
    expect(await refused(askFor("/log/0-8192"))).toContain("the log begins at 9050");
  });

  test("one within a batch, and one that ends elsewhere than on the next boundary", async () => {
    grow(20_000);
    expect(await refused(askFor("/log/8192-16384"))).toContain("no batch begins at 8192");
    for (const name of ["0-8191", "0-16384", "8192-8192", "0-8192x", "-1-8192", "0-"])
      expect(await refused(askFor(`/log/${name}`))).toBe("there is nothing of that name");
    expect(await refused(askFor("/"))).toBe("there is nothing of that name");
  });

  test("anything of another life of the cluster, and of a cluster that is not there", async () => {
    grow(20_000);
    const url = "https://immutable/log/0-8192";
    const another = { ...tenant, created_ms: tenant.created_ms + 1 };
    expect(await refused(ask(cache.env, another, url))).toContain("is another one");
    const none = { cluster_id: "no cluster", created_ms: 1 };
    expect(await refused(ask(cache.env, none, url))).toContain("no cluster");
  });

  test("a chunk of a snapshot that is gone, of another storage, or of another size", async () => {
    grow(9_000);
    cluster.one.snapshots = [cluster.log.snapshotAt(cluster.log.end)];
    const { bytes } = cluster.one.snapshots[0] ?? { bytes: new Uint8Array(0) };
    const [storage, size] = ["3000.JEXY6aqzQY-32P5TStzaFg", bytes.length];
    const end = cluster.log.end;
    expect((await askFor(`/snapshots/${storage}/${end}-1-${size}/0`)).status).toBe(200);
    await refused(askFor(`/snapshots/${storage}/${end - 100}-1-${size}/0`));
    await refused(askFor(`/snapshots/3000.AAXY6aqzQY-32P5TStzaFg/${end}-1-${size}/0`));
    await refused(askFor(`/snapshots/${storage}/${end}-1-${size + 1}/0`));
    await refused(askFor(`/snapshots/${storage}/${end}-1-${size}/${size}`));
    await refused(askFor(`/snapshots/${storage}/${end}-1-${size}/7`));
  });

  test("anything, while no controller answers", async () => {
    grow(20_000);
    const { env } = cutCluster(() => {
      throw new Error("out of reach");
    }).edge;
    await refused(
      ask(
        { ...env, DIRECTORY: cluster.edge.env.DIRECTORY },
        tenant,
        "https://immutable/log/0-8192",
      ),
    );
  });
});
