/**
 * Forming a cluster, and what must never follow from forming it again: a node that has lost its storage has lost its
 * votes and acknowledgements too, and is not the voter that it was.
 */
import { SELF, abortAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { bytesOf } from "../../durable-objects/bootstrap-users.ts";
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import { ObjectPeers } from "../../durable-objects/replica/peers.ts";
import { bootstrapUsers, BOOTSTRAP_USERS, usersOf } from "../../worker/clusters/bootstrap-users.ts";
import { valueAt } from "../../worker/http/fields.ts";
import { activeOf, call, clusterOf, form, registration, rpc, statusOf, stubOf } from "./quorum.ts";
import { bringing } from "./bringing.ts";

const LOST = "its storage is gone: it must rejoin as another replica";

const create = async (cluster: ClusterEntry, voters = 3, more: object = {}) => {
  const body = JSON.stringify({ cluster_id: cluster.cluster_id, voters, ...more });
  const response = await SELF.fetch(
    "https://kedge/kafka/v3/clusters",
    await bringing("admin", { method: "POST", body }),
  );
  return { status: response.status, body: await response.json<Record<string, unknown>>() };
};

const post = async (cluster: ClusterEntry, nodeId: number, path: string, body?: unknown) => {
  const response = await stubOf(cluster, nodeId).fetch(`https://controller/${path}`, {
    method: "POST",
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json<Record<string, unknown>>() };
};

const loseStorage = (cluster: ClusterEntry, nodeId: number): Promise<void> =>
  runInDurableObject(stubOf(cluster, nodeId), (instance) => instance.wipe());

/** Whether the committed log of a node names `host`. */
async function hasHost(cluster: ClusterEntry, nodeId: number, host: string): Promise<boolean> {
  const response = await stubOf(cluster, nodeId).fetch("https://controller/log?from_offset=0");
  return new TextDecoder("latin1").decode(await response.arrayBuffer()).includes(host);
}

/** How often each of these bytes, given in base64, is in the committed log of the first node. */
async function inFirstRecords(
  cluster: ClusterEntry,
  wanted: readonly string[],
): Promise<readonly number[]> {
  const response = await call(cluster, 3000, { route: "log" });
  const log = inLatin(await response.arrayBuffer());
  return wanted.map((base64) => log.split(inLatin(bytesOf(base64))).length - 1);
}

const inLatin = (bytes: ArrayBuffer | Uint8Array): string =>
  new TextDecoder("latin1").decode(bytes);

/** One voter, with no id drawn yet. */
const planOf = ({ cluster_id, metadata_version, created_ms }: ClusterEntry) => ({
  cluster_id,
  metadata_version,
  created_ms,
  planned_voters: [{ node_id: 3000, host: "localhost", port: 9093 }],
});

const peersOf = (cluster: ClusterEntry): ObjectPeers =>
  new ObjectPeers(env.CONTROLLERS, { cluster, nodeId: 3000 }, { error: () => undefined });

describe("a voter whose storage is lost", () => {
  test("is not formed again, so that nothing acknowledged vanishes, and the others go on", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAF0A");
    expect(await create(cluster)).toMatchObject({ status: 201 });
    const leader = await activeOf(cluster);
    const [lost = -1, behind = -1] = [3000, 3001, 3002].filter((id) => id !== leader.node_id);
    await post(cluster, behind, "stop");
    // Acknowledged by the leader and by the one that is about to lose it.
    const { api, body } = registration(cluster, 1);
    const listeners = [{ name: "PLAINTEXT", host: "kept", port: 9092, securityProtocol: 0 }];
    const asked = { api, body: { ...Object(body), listeners } };
    expect(await rpc(cluster, leader.node_id, asked)).toMatchObject({ body: { errorCode: 0 } });

    await loseStorage(cluster, lost);
    expect(await create(cluster)).toMatchObject({
      status: 409,
      body: { message: `controller ${lost} was not formed: ${LOST}` },
    });
    await post(cluster, leader.node_id, "stop");
    await post(cluster, behind, "start");
    // Twice the longest election time-out: whoever could be elected without the record would be by now.
    await scheduler.wait(4_500);
    expect(await statusOf(cluster, lost)).toMatchObject({ role: "unformed", active: false });
    expect(await statusOf(cluster, behind)).toMatchObject({ active: false });

    await post(cluster, leader.node_id, "start");
    const next = await activeOf(cluster);
    expect(await hasHost(cluster, next.node_id, "kept")).toBe(true);
    expect(await rpc(cluster, next.node_id, registration(cluster, 2))).toMatchObject({
      body: { errorCode: 0 },
    });
  });

  test("but whose directory id is there again, restored from before it was formed, is refused too", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAF1A", 1);
    expect(await create(cluster, 1)).toMatchObject({ status: 201 });
    await runInDurableObject(stubOf(cluster, 3000), (_, state) => {
      state.storage.sql.exec("DELETE FROM meta WHERE key = 'cluster'");
      for (const table of ["log", "epochs", "quorum"])
        state.storage.sql.exec(`DELETE FROM ${table}`);
    });
    await abortAllDurableObjects();
    expect(await create(cluster, 1)).toMatchObject({
      status: 409,
      body: { message: `controller 3000 was not formed: ${LOST}` },
    });
  });
});

describe("a directory id", () => {
  test("is drawn with the storage, once, and by no name that is only called", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAF2A", 1);
    await statusOf(cluster, 3000);
    const tables = await runInDurableObject(stubOf(cluster, 3000), (_, state) =>
      state.storage.sql.exec("SELECT name FROM sqlite_master").toArray(),
    );
    expect(tables).toEqual([]);
    const drawn = await post(cluster, 3000, "prepare");
    expect(drawn.body["directory_id"]).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_-]{21}$/);
    await abortAllDurableObjects();
    expect(await post(cluster, 3000, "prepare")).toEqual(drawn);
    await loseStorage(cluster, 3000);
    expect(await post(cluster, 3000, "prepare")).not.toEqual(drawn);
  });

  test("that another storage has drawn is refused", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAF3A", 1);
    await post(cluster, 3000, "prepare");
    expect(await post(cluster, 3000, "form", { cluster, is_formed: false })).toMatchObject({
      status: 409,
      body: { message: LOST },
    });
  });
});

describe("a formation that broke off", () => {
  const directory = env.DIRECTORY.getByName("directory");
  test.each([
    ["was listed", "AAAAAAAAAAAAAAAAAAAF4A", 0],
    ["was prepared", "AAAAAAAAAAAAAAAAAAAF5A", 1],
    ["had its voters fixed", "AAAAAAAAAAAAAAAAAAAF6A", 2],
    ["was told to its nodes", "AAAAAAAAAAAAAAAAAAAF7A", 3],
  ])("after it %s is finished by asking again", async (_, clusterId, steps) => {
    const cluster = clusterOf(clusterId, 1);
    await directory.create(planOf(cluster));
    const prepared = steps > 0 ? await post(cluster, 3000, "prepare") : null;
    const id = String(prepared?.body["directory_id"]);
    const entry = steps > 1 ? await directory.fix(clusterId, { 3000: id }) : null;
    if (steps > 2) await post(cluster, 3000, "form", { cluster: entry, is_formed: false });
    const answer = await create(cluster, 1);
    expect(answer).toMatchObject({ status: 200 });
    if (prepared !== null)
      expect(answer.body).toMatchObject({ controllers: [{ directory_id: id }] });
    expect(await directory.get(clusterId)).toMatchObject({ state: "formed" });
  });

  test.each([
    ["named again", true],
    ["left out", false],
  ])(
    "is finished with the SCRAM users that were listed first, when they are %s",
    async (_, named) => {
      const cluster = clusterOf(named ? "AAAAAAAAAAAAAAAAAAAG0A" : "AAAAAAAAAAAAAAAAAAAG1A", 1);
      const ann = { user: "ann", mechanism: "SCRAM-SHA-256", password: "sesame" };
      const [first] = await bootstrapUsers(
        usersOf(valueAt(BOOTSTRAP_USERS, [ann], "scram_users")) ?? [],
      );
      if (first === undefined) throw new Error("no user");
      await directory.create(planOf(cluster), null, [first]);
      expect(await directory.get(cluster.cluster_id)).toEqual({
        state: "planned",
        cluster: planOf(cluster),
      });
      const other = { scram_users: [{ ...ann, password: "another" }] };
      expect(await create(cluster, 1, other)).toMatchObject({ status: 409 });
      const again = named ? { scram_users: [ann] } : {};
      expect(await create(cluster, 1, again)).toMatchObject({ status: 200 });
      expect(await create(cluster, 1, again)).toMatchObject({ status: 200 });
      const shown = [await directory.get(cluster.cluster_id), await directory.list()];
      const said = await call(cluster, 3000, { route: "entry" });
      expect(JSON.stringify([...shown, await said.json()])).not.toContain(first.stored_key);
      // The log has the credential that was listed first, and no other.
      const [keys, salts] = await inFirstRecords(cluster, [first.stored_key, first.salt]);
      expect([keys, salts]).toEqual([1, 1]);
    },
  );

  test("is told apart from a cluster that is not there, and can be deleted", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAF8A", 1);
    await directory.create(planOf(cluster));
    const url = `https://kedge/kafka/v3/clusters/${cluster.cluster_id}`;
    expect((await SELF.fetch(url, await bringing("admin"))).status).toBe(503);
    const purge = `${url}?purge=${cluster.cluster_id}`;
    expect((await SELF.fetch(purge, await bringing("admin", { method: "DELETE" }))).status).toBe(
      204,
    );
    expect((await SELF.fetch(url, await bringing("admin"))).status).toBe(404);
  });
});

describe("a storage that is not this object's", () => {
  test("is not run: it would vote a second time in the name of another (T-4)", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAF9A", 1);
    await form(cluster);
    await runInDurableObject(stubOf(cluster, 3000), (_, state) => {
      state.storage.sql.exec("UPDATE meta SET value = 'another' WHERE key = 'object_id'");
    });
    await abortAllDurableObjects();
    const refused = "its storage is that of object another";
    expect(await statusOf(cluster, 3000)).toMatchObject({ role: "refused", refused });
    await post(cluster, 3000, "start");
    expect(await rpc(cluster, 3000, registration(cluster, 1))).toMatchObject({
      status: 421,
      body: { message: `controller 3000 does not run: ${refused}` },
    });
  });
});

describe("a storage that a later build has written", () => {
  test("is not touched, and the status says so", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAG0A", 1);
    await form(cluster);
    await runInDurableObject(stubOf(cluster, 3000), (_, state) => {
      state.storage.sql.exec("INSERT INTO migrations (version) VALUES (99)");
    });
    await abortAllDurableObjects();
    const status = await statusOf(cluster, 3000);
    expect(status).toMatchObject({ role: "refused", active: false });
    expect(status).toHaveProperty("refused", expect.stringMatching(/^its storage has schema 99, /));
  });
});

/** The runtime of these tests has no jurisdictions, and says so: what is seen is who asks for one. */
describe("a cluster in a jurisdiction", () => {
  test("is refused by a runtime that has none, and is not listed", async () => {
    const url = "https://kedge/kafka/v3/clusters";
    const body = JSON.stringify({ cluster_id: "AAAAAAAAAAAAAAAAAAAJ0A", jurisdiction: "eu" });
    const refused = await SELF.fetch(url, await bringing("admin", { method: "POST", body }));
    expect([refused.status, await refused.json()]).toEqual([
      400,
      { error_code: 40002, message: expect.stringContaining("jurisdiction: must be left out") },
    ]);
    expect(
      (await SELF.fetch(`${url}/AAAAAAAAAAAAAAAAAAAJ0A`, await bringing("admin"))).status,
    ).toBe(404);
  });

  test("has its peers there", () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAJ1A");
    expect(() => peersOf(cluster)).not.toThrow();
    expect(() => peersOf({ ...cluster, jurisdiction: "eu" })).toThrow("Jurisdiction");
  });
});
