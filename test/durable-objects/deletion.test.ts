/** A controller node whose cluster is deleted: out of the quorum with all it has stored, brought back, or wiped. */
import { abortAllDurableObjects, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import type { Deletion } from "../../durable-objects/cluster-deletion.ts";
import { isClusterEntry, type ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import {
  ROUTES,
  readRefusal,
  routeOf,
  undeleteUntilIn,
  urlOf,
  type RouteName,
  type RouteQuery,
} from "../../durable-objects/contract.ts";
import { app } from "../../worker/app.ts";
import { activeOf, call, clusterOf, form, registration, rpc, statusOf, stubOf } from "./quorum.ts";
import { bringing } from "./bringing.ts";
import { SECRET } from "./secret.ts";

const UNTIL = Date.parse("2026-11-27T10:00:00Z");
const DELETION: Deletion = {
  deletion_id: "JEXY6aqzQY-32P5TStzaFg",
  deleted_ms: UNTIL - 24 * 3_600_000,
  undelete_until_ms: UNTIL,
};

const deleted = (cluster: ClusterEntry, deletion = DELETION): Promise<Response> => {
  const body = JSON.stringify({ created_ms: cluster.created_ms, deletion });
  return call(cluster, 3000, { route: "delete", body });
};

const undeleted = (cluster: ClusterEntry, id = DELETION.deletion_id): Promise<Response> => {
  const body = JSON.stringify({ created_ms: cluster.created_ms, deletion_id: id });
  return call(cluster, 3000, { route: "undelete", body });
};

const wiped = (cluster: ClusterEntry, createdMs = cluster.created_ms): Promise<Response> =>
  stubOf(cluster, 3000).fetch(urlOf("wipe", { created_ms: createdMs }), { method: "DELETE" });

/** What an object has stored: its tables and its alarm. */
const storedIn = (cluster: ClusterEntry): Promise<unknown> =>
  runInDurableObject(stubOf(cluster, 3000), async (_, { storage }) => ({
    tables: storage.sql
      .exec<{ name: string }>("SELECT name FROM sqlite_master")
      .toArray()
      .map(({ name }) => name),
    keys: [...(await storage.list()).keys()],
    alarm: await storage.getAlarm(),
  }));

const NOTHING = { tables: [], keys: [], alarm: null };

/** Every route that an object is called at, without what would make a controller of it. */
const CALLED = Object.values(ROUTES)
  .flatMap(({ method, path }) => routeOf(method, path) ?? [])
  .filter((route) => route !== "prepare");

/** Calls them all; a body is read by the routes that take one. */
async function callAll(cluster: ClusterEntry): Promise<void> {
  const query: RouteQuery = { created_ms: cluster.created_ms };
  const bodies: Partial<Record<RouteName, string>> = {
    form: JSON.stringify({ cluster, is_formed: false }),
    delete: JSON.stringify({ created_ms: cluster.created_ms, deletion: DELETION }),
    undelete: JSON.stringify({ created_ms: cluster.created_ms, deletion_id: "x" }),
  };
  for (const route of CALLED.filter((name) => name !== "restart")) {
    const { method } = ROUTES[route];
    const body = method === "POST" ? (bodies[route] ?? "a frame that is none") : null;
    const response = await stubOf(cluster, 3000).fetch(urlOf(route, query), { method, body });
    await response.body?.cancel();
  }
}

describe("a name that is only called", () => {
  test("has stored nothing, whatever it was asked", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAD0A", 1);
    expect((await call(cluster, 3000, { route: "entry" })).status).toBe(421);
    expect(await rpc(cluster, 3000, registration(cluster, 1))).toMatchObject({ status: 421 });
    await callAll(cluster);
    await abortAllDurableObjects();
    expect(await storedIn(cluster)).toEqual(NOTHING);
  });
});

describe("the entry", () => {
  test("is what the node was formed with, whether it takes part or not", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAD1A", 1);
    await form(cluster);
    const entry: unknown = await (await call(cluster, 3000, { route: "entry" })).json();
    expect(isClusterEntry(entry)).toBe(true);
    expect(entry).toMatchObject({ cluster_id: cluster.cluster_id, created_ms: cluster.created_ms });
    await stubOf(cluster, 3000).fetch("https://controller/stop", { method: "POST" });
    expect(await (await call(cluster, 3000, { route: "entry" })).json()).toEqual(entry);
  });
});

test("without the directory the Worker serves a cluster by what its nodes say", async () => {
  const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAD9A");
  const { node_id: leader } = await form(cluster);
  const noDirectory = {
    KEDGE_KEY: SECRET,
    CONTROLLERS: env.CONTROLLERS,
    DIRECTORY: {
      getByName: () => {
        throw new Error("it is gone");
      },
    },
  };
  const base = `https://kedge/kafka/v3/clusters/${cluster.cluster_id}`;
  for (const path of ["", "/topics", "/quorum", "/metadata-log"])
    expect((await app.request(`${base}${path}`, await bringing("admin"), noDirectory)).status).toBe(
      200,
    );
  const { api, body } = registration(cluster, 1);
  const write = await bringing("gateway", { method: "POST", body: JSON.stringify(body) });
  const written = await app.request(`${base}/rpc/${api}`, write, noDirectory);
  expect(await written.json()).toMatchObject({ errorCode: 0 });
  const ready = `https://kedge/health/ready?cluster_id=${cluster.cluster_id}`;
  expect(
    await (await app.request(ready, await bringing("admin"), noDirectory)).json(),
  ).toMatchObject({
    ready: true,
    clusters: [{ leader_id: leader }],
  });
});

describe("a node of a deleted cluster", () => {
  test("takes no part, through restarts and starts, and says until when that can be undone", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAD2A", 1);
    await form(cluster);
    expect((await deleted(cluster)).status).toBe(200);
    const refuses = async (): Promise<void> => {
      const answers = await Promise.all([
        call(cluster, 3000, { route: "frames", body: new Uint8Array(8) }),
        call(cluster, 3000, { route: "entry" }),
        call(cluster, 3000, { route: "log" }),
        call(cluster, 3000, { route: "start", body: "{}" }),
        call(cluster, 3000, { route: "form", body: "{}" }),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([421, 421, 421, 421, 421]);
      expect(answers.map(({ headers }) => undeleteUntilIn(headers))).toEqual(
        answers.map(() => UNTIL),
      );
      for (const answer of answers)
        expect(await readRefusal(answer)).toBe(
          "controller 3000 was deleted with its cluster; it can be undeleted until 2026-11-27T10:00:00.000Z",
        );
      expect(await statusOf(cluster, 3000)).toMatchObject({ role: "deleted", active: false });
    };
    await refuses();
    await runDurableObjectAlarm(stubOf(cluster, 3000));
    await refuses();
    await abortAllDurableObjects();
    await refuses();
  });

  test("is as it was when that is undone: what it had committed is there", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAD3A", 1);
    const { node_id: leader } = await form(cluster);
    const registered = await rpc(cluster, leader, registration(cluster, 1));
    expect(registered.body).toMatchObject({ errorCode: 0 });
    await deleted(cluster);
    await abortAllDurableObjects();
    expect((await undeleted(cluster)).status).toBe(200);
    await activeOf(cluster);
    expect((await rpc(cluster, leader, registration(cluster, 1))).body).toEqual(registered.body);
  });

  test("that an operator had stopped is stopped afterwards", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAD4A", 1);
    await form(cluster);
    await stubOf(cluster, 3000).fetch("https://controller/stop", { method: "POST" });
    await deleted(cluster);
    await undeleted(cluster);
    expect(await statusOf(cluster, 3000)).toMatchObject({ role: "stopped" });
  });

  test("hears late of a deletion that was undone, and stays; of another one it goes", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAD5A", 1);
    await form(cluster);
    await undeleted(cluster);
    await deleted(cluster);
    await activeOf(cluster);
    await deleted(cluster, { ...DELETION, deletion_id: "MvDxzVmcRsaTz33bUuRU6A" });
    await undeleted(cluster);
    expect(await statusOf(cluster, 3000)).toMatchObject({ role: "deleted" });
  });

  test("is not told by a cluster of its id that was created at another time", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAD6A", 1);
    await form(cluster);
    const earlier = { ...cluster, created_ms: 7 };
    expect([
      (await deleted(earlier)).status,
      (await wiped(cluster, 7)).status,
      (await undeleted(earlier)).status,
    ]).toEqual([409, 409, 409]);
    await activeOf(cluster);
  });

  test("refuses words that are none", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAD7A", 1);
    await form(cluster);
    const said = [
      call(cluster, 3000, { route: "delete", body: "{}" }),
      call(cluster, 3000, { route: "undelete", body: "[" }),
      call(cluster, 3000, { route: "wipe" }),
    ];
    expect((await Promise.all(said)).map(({ status }) => status)).toEqual([400, 400, 400]);
    await activeOf(cluster);
  });
});

describe("a node that is wiped", () => {
  test("leaves no database, and no later call makes one", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAD8A", 1);
    await form(cluster);
    // Work is under way when it ends.
    const asked = rpc(cluster, 3000, registration(cluster, 1)).catch(() => null);
    await deleted(cluster);
    expect((await wiped(cluster)).status).toBe(200);
    await asked;
    expect(await storedIn(cluster)).toEqual(NOTHING);
    await callAll(cluster);
    await runDurableObjectAlarm(stubOf(cluster, 3000));
    await abortAllDurableObjects();
    await callAll(cluster);
    expect(await storedIn(cluster)).toEqual(NOTHING);
  });
});
