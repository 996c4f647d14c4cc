/** Deleting clusters, from the HTTP interface to what their objects have stored, on real objects. */
import {
  SELF,
  abortAllDurableObjects,
  runDurableObjectAlarm,
  runInDurableObject,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { UNDELETE_MS } from "../../durable-objects/cluster-deletion.ts";
import type { ClusterPlan } from "../../durable-objects/cluster-entry.ts";
import { ClusterRows } from "../../durable-objects/directory/cluster-rows.ts";
import { Deletions } from "../../durable-objects/directory/deletions.ts";
import { clusterOf, statusOf, stubOf } from "./quorum.ts";
import { bringing } from "./bringing.ts";

const BASE = "https://kedge/kafka/v3/clusters";
const directory = env.DIRECTORY.getByName("directory");

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

async function send(method: string, path: string, body?: unknown): Promise<Answer> {
  const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
  const response = await SELF.fetch(`${BASE}${path}`, await bringing("admin", init));
  const text = await response.text();
  return { status: response.status, body: text === "" ? {} : JSON.parse(text) };
}

/** A cluster of that id, formed, with one voter. */
const create = (clusterId: string): Promise<Answer> =>
  send("POST", "", { cluster_id: clusterId, voters: 1 });

/** Lets a day pass for the deletion of a cluster. */
const letPass = (clusterId: string): Promise<void> =>
  runInDurableObject(directory, (_, { storage }) => {
    storage.sql.exec(
      `UPDATE deletions SET due_ms = 1, deletion = json_set(deletion, '$.undelete_until_ms', 1)
       WHERE cluster_id = ?`,
      clusterId,
    );
  });

/** The tables of a controller's object. */
const tablesOf = (clusterId: string): Promise<unknown> =>
  runInDurableObject(stubOf(clusterOf(clusterId, 1), 3000), (_, { storage }) =>
    storage.sql.exec("SELECT name FROM sqlite_master").toArray(),
  );

const idsIn = async (path: string): Promise<readonly unknown[]> => {
  const { body } = await send("GET", path);
  const data: unknown = body["data"];
  if (!Array.isArray(data)) throw new Error("no list");
  return data.map((each: { readonly cluster_id: string }) => each.cluster_id);
};

/** Every request about a deleted cluster, but those that decide about it. */
const OTHERS = [
  ["GET", ""],
  ["GET", "/topics"],
  ["GET", "/quorum"],
  ["GET", "/controllers/3000"],
  ["POST", "/controllers/3000/frames"],
  ["POST", "/controllers/3000:start"],
  ["POST", "/rpc/DescribeCluster"],
] as const;

test("a deleted cluster refuses with the time that is left, is listed apart, and comes back", async () => {
  const id = "AAAAAAAAAAAAAAAAAAAL0A";
  await create(id);
  const before = await send("GET", `/${id}`);
  const deleted = await send("DELETE", `/${id}`);
  expect(deleted).toMatchObject({ status: 200, body: { cluster_id: id, unconfirmed: [] } });
  const { deleted_ms: atMs, undelete_until_ms: untilMs } = deleted.body;
  expect(Number(untilMs) - Number(atMs)).toBe(UNDELETE_MS);
  const sentence = `cluster ${id} is deleted; it can be undeleted until ${new Date(Number(untilMs)).toISOString()}`;
  const refused = { error_code: 41_004, message: sentence, undelete_until_ms: untilMs };
  for (const [method, path] of OTHERS)
    expect(await send(method, `/${id}${path}`)).toEqual({ status: 410, body: refused });
  const ready = await SELF.fetch(
    `https://kedge/health/ready?cluster_id=${id}`,
    await bringing("admin"),
  );
  expect(ready.status).toBe(410);
  expect(await create(id)).toMatchObject({ status: 409, body: { error_code: 40_901 } });
  expect(await send("POST", "", { cluster_id: id, fork_of: id.replace("0A", "9A") })).toMatchObject(
    { status: 409 },
  );
  expect(await idsIn("")).not.toContain(id);
  expect(await idsIn("?deleted=true")).toContain(id);
  // Again it is the same deletion.
  expect((await send("DELETE", `/${id}`)).body).toEqual(deleted.body);

  await abortAllDurableObjects();
  expect(await statusOf(clusterOf(id, 1), 3000)).toMatchObject({ role: "deleted" });
  const back = await send("POST", `/${id}:undelete`);
  expect(back).toMatchObject({ status: 200, body: { cluster_id: id, unconfirmed: [] } });
  expect((await send("GET", `/${id}`)).body).toEqual(before.body);
  expect(await idsIn("")).toContain(id);
  expect(await idsIn("?deleted=true")).not.toContain(id);
  expect((await send("POST", `/${id}:undelete`)).status).toBe(200);
});

test("a cluster is purged only when its id is said again, and leaves no database", async () => {
  const id = "AAAAAAAAAAAAAAAAAAAL1A";
  await create(id);
  for (const said of ["", "true", id.toLowerCase()]) {
    const answer = await send("DELETE", `/${id}?purge=${said}`);
    expect(answer).toMatchObject({ status: 400, body: { error_code: 40_002 } });
  }
  expect((await send("GET", `/${id}`)).status).toBe(200);
  expect((await send("DELETE", `/${id}?purge=${id}`)).status).toBe(204);
  expect(await tablesOf(id)).toEqual([]);
  expect(await directory.get(id)).toBeNull();
  for (const [method, path] of [...OTHERS, ["DELETE", ""], ["DELETE", `?purge=${id}`]] as const)
    expect(await send(method, `/${id}${path}`)).toMatchObject({
      status: 404,
      body: { error_code: 40_401 },
    });
  expect((await send("POST", `/${id}:undelete`)).status).toBe(404);
  expect(await tablesOf(id)).toEqual([]);
  expect((await create(id)).status).toBe(201);
});

test("one whose day is over is wiped by the alarm, and cannot be undeleted any more", async () => {
  const [gone, kept] = ["AAAAAAAAAAAAAAAAAAAL2A", "AAAAAAAAAAAAAAAAAAAL3A"];
  for (const id of [gone, kept]) {
    await create(id);
    await send("DELETE", `/${id}`);
  }
  await letPass(gone);
  const late = await send("POST", `/${gone}:undelete`);
  expect(late).toMatchObject({
    status: 410,
    body: { message: `cluster ${gone} is deleted; it is being wiped` },
  });
  expect(await runDurableObjectAlarm(directory)).toBe(true);
  expect([await tablesOf(gone), await directory.get(gone)]).toEqual([[], null]);
  expect(await directory.get(kept)).toMatchObject({ state: "formed" });
  expect(await tablesOf(kept)).not.toEqual([]);
  expect((await send("POST", `/${kept}:undelete`)).status).toBe(200);
});

test("a plan that was never formed can be deleted and brought back too", async () => {
  const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAL4A", 1);
  const { initial_voters: _, ...identity } = cluster;
  const plan = { ...identity, planned_voters: [{ node_id: 3000, host: "localhost", port: 9093 }] };
  await directory.create(plan);
  expect((await send("DELETE", `/${cluster.cluster_id}`)).status).toBe(200);
  expect(await idsIn("?deleted=true")).toContain(cluster.cluster_id);
  expect(await directory.fix(cluster.cluster_id, { 3000: "JEXY6aqzQY-32P5TStzaFg" })).toBeNull();
  expect(await tablesOf(cluster.cluster_id)).toEqual([]);
  await send("POST", `/${cluster.cluster_id}:undelete`);
  expect(await directory.get(cluster.cluster_id)).toEqual({ state: "planned", cluster: plan });
});

test("an id of another form is no cluster, whatever is asked of it", async () => {
  for (const [method, path] of [
    ["DELETE", "/x"],
    ["DELETE", "/x?purge=x"],
  ] as const)
    expect((await send(method, path)).status).toBe(404);
  expect((await send("POST", "/x:undelete")).status).toBe(404);
  expect((await send("POST", "/x:revive")).body).toMatchObject({ error_code: 40_406 });
  expect((await send("GET", "?deleted=perhaps")).status).toBe(400);
});

/** A cluster of two nodes, in no state yet. */
const planOf = (clusterId: string): ClusterPlan => ({
  cluster_id: clusterId,
  metadata_version: 25,
  created_ms: 1,
  planned_voters: [3000, 3001].map((node_id) => ({ node_id, host: "localhost", port: 9093 })),
});

/** The deletions of a directory with nodes of the test's making. */
describe("a deletion that a node does not hear of", () => {
  interface Scene {
    readonly rows: ClusterRows;
    readonly deletions: Deletions;
    /** What was said, as `3000 delete`. */
    readonly said: string[];
    /** The nodes that do not answer. */
    readonly deaf: Set<string>;
    nowMs: number;
    alarmMs: number;
  }

  const inScene = (name: string, play: (scene: Scene) => Promise<void>): Promise<void> =>
    runInDurableObject(env.DIRECTORY.getByName(name), async (_, { storage }) => {
      const rows = new ClusterRows(storage.sql);
      const said: string[] = [];
      const scene = { rows, said, deaf: new Set<string>(), nowMs: 1_000, alarmMs: 0 };
      const node = (object: string) => ({
        fetch: async (url: string) => {
          const id = object.split("/")[1] ?? "";
          said.push(`${id} ${new URL(url).pathname.slice(1)}`);
          if (scene.deaf.has(object)) throw new Error("it was reset");
          return Response.json({});
        },
      });
      const deletions = new Deletions({
        rows,
        controllersOf: () => ({ getByName: node }),
        setAlarm: (atMs) => {
          scene.alarmMs = atMs;
        },
        clock: () => scene.nowMs,
      });
      await play(Object.assign(scene, { deletions }));
    });

  test("stands, and is said again until every node has confirmed", () =>
    inScene("f", async (scene) => {
      const { rows, deletions, said, deaf } = scene;
      rows.insert({ state: "planned", cluster: planOf("a") }, null);
      deaf.add("a/3001");
      const told = await deletions.delete("a");
      expect(told?.unconfirmed).toEqual([{ node_id: 3001, reason: "it was reset" }]);
      expect(rows.get("a")?.deletion).toMatchObject({ deleted_ms: 1_000 });
      expect(scene.alarmMs).toBe(31_000);
      scene.nowMs = 31_000;
      await deletions.resume();
      expect([rows.deletion("a")?.step, scene.alarmMs]).toEqual(["deleting", 61_000]);
      deaf.clear();
      scene.nowMs = 61_000;
      await deletions.resume();
      expect(rows.deletion("a")?.step).toBe("deleted");
      expect(scene.alarmMs).toBe(1_000 + UNDELETE_MS);
      expect(said).toHaveLength(6);
      // Asked for again and not heard, it is not wiped for that.
      deaf.add("a/3000");
      await deletions.delete("a");
      scene.nowMs = scene.alarmMs;
      await deletions.resume();
      expect(rows.deletion("a")?.step).toBe("deleted");
    }));

  test("ends in wiping after its day, also when a node never heard of it", () =>
    inScene("g", async (scene) => {
      const { rows, deletions, said, deaf } = scene;
      rows.insert({ state: "planned", cluster: planOf("a") }, "somebody");
      deaf.add("a/3001");
      await deletions.delete("a");
      scene.nowMs += UNDELETE_MS;
      said.length = 0;
      await deletions.resume();
      expect([...said].toSorted()).toEqual(["3000 ", "3001 "]);
      expect(rows.get("a")).not.toBeNull();
      expect(await deletions.undelete("a")).toBeNull();
      deaf.clear();
      scene.nowMs = scene.alarmMs;
      await deletions.resume();
      expect([rows.get("a"), rows.deletion("a"), rows.countOf("somebody")]).toEqual([
        null,
        null,
        0,
      ]);
    }));

  test("or of its undoing, counts as undone, and is said again", () =>
    inScene("h", async (scene) => {
      const { rows, deletions, said, deaf } = scene;
      rows.insert({ state: "planned", cluster: planOf("a") }, null);
      await deletions.delete("a");
      deaf.add("a/3000");
      expect((await deletions.undelete("a"))?.listed.deletion).toBeUndefined();
      expect(rows.list("live")).toHaveLength(1);
      deaf.clear();
      scene.nowMs = scene.alarmMs;
      said.length = 0;
      await deletions.resume();
      expect([...said].toSorted()).toEqual(["3000 undelete", "3001 undelete"]);
      expect(rows.deletion("a")).toBeNull();
    }));

  test("is one of many, of which an alarm takes a few at a time", () =>
    inScene("i", async (scene) => {
      const { rows, deletions, said } = scene;
      for (let at = 0; at < 25; at += 1) {
        rows.insert({ state: "planned", cluster: planOf(`c${at}`) }, null);
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        await deletions.delete(`c${at}`);
      }
      scene.nowMs += UNDELETE_MS;
      const left: number[] = [];
      for (let alarms = 0; alarms < 3; alarms += 1) {
        said.length = 0;
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        await deletions.resume();
        left.push(rows.count());
        expect(said.length).toBeLessThanOrEqual(20);
        if (rows.count() > 0) expect(scene.alarmMs).toBe(scene.nowMs + 1);
      }
      expect(left).toEqual([15, 5, 0]);
    }));
});
