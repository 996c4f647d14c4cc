/**
 * Nodes that join a cluster and leave it, inside workerd: what the directory keeps of them, and what becomes of a node
 * whose storage is lost or whose object is evicted on its way.
 */
import { abortAllDurableObjects, evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import type {
  ClusterEntry,
  ClusterPlan,
  ControllerEntry,
} from "../../durable-objects/cluster-entry.ts";
import { bringing } from "./bringing.ts";
import { activeOf, call, clusterOf, rpc, stubOf, voterStatusOf } from "./quorum.ts";

const BASE = "https://kedge.example/kafka/v3/clusters";

interface Answer {
  readonly status: number;
  readonly body: {
    readonly cluster_id?: string;
    readonly node_id?: number;
    readonly directory_id?: string;
    readonly voters?: readonly { readonly replica_id: number }[];
  };
}

async function ask(method: string, path: string, body: unknown = {}): Promise<Answer> {
  const init = method === "GET" ? { method } : { method, body: JSON.stringify(body) };
  const response = await exports.default.fetch(`${BASE}${path}`, await bringing("admin", init));
  const parsed: Answer["body"] = JSON.parse(await response.text());
  return { status: response.status, body: parsed };
}

async function votersOf(cluster: string): Promise<readonly number[]> {
  const { body } = await ask("GET", `${cluster}/quorum`);
  return (body.voters ?? []).map((voter) => voter.replica_id);
}

async function formed(voters: number): Promise<{ readonly path: string; readonly id: string }> {
  const { body } = await ask("POST", "", { voters });
  const id = body.cluster_id ?? "";
  return { path: `/${id}`, id };
}

describe("a voter whose storage is lost", () => {
  test("comes back under its id with another directory", async () => {
    const { path, id } = await formed(3);
    const cluster = clusterOf(id);
    const before = await ask("GET", `${path}/controllers/3002`);
    await runInDurableObject(stubOf(cluster, 3002), async (_, { storage }) => {
      await storage.deleteAll();
    });
    await abortAllDurableObjects();
    const replaced = await ask("POST", `${path}/controllers/3002:replace`);
    expect([replaced.status, replaced.body.node_id]).toEqual([201, 3002]);
    expect(replaced.body.directory_id).not.toBe(before.body.directory_id);
    expect(await votersOf(path)).toEqual([3000, 3001, 3002]);
    const after = await ask("GET", `${path}/controllers/3002`);
    expect(after.body.directory_id).toBe(replaced.body.directory_id);
  }, 40_000);
});

describe("a node that joins", () => {
  test("goes on with that after its object was evicted, and is told of it once", async () => {
    const { path, id } = await formed(1);
    const begun = await ask("POST", `${path}/controllers?wait_ms=0`);
    expect(begun).toMatchObject({ body: { node_id: 3001 } });
    expect([201, 202]).toContain(begun.status);
    await abortAllDurableObjects();
    const again = await ask("POST", `${path}/controllers`);
    expect(again.status).toBe(201);
    expect(again.body).toMatchObject({
      node_id: begun.body.node_id,
      directory_id: begun.body.directory_id,
    });
    expect(await votersOf(path)).toEqual([3000, 3001]);
    expect(await voterStatusOf(clusterOf(id), 3001)).toMatchObject({ is_voter: true });
  }, 40_000);

  test("and is not wanted any more is wiped, and the voters stay", async () => {
    const { path, id } = await formed(1);
    const begun = await ask("POST", `${path}/controllers?wait_ms=0`, { node_id: 3007 });
    expect(begun.body.node_id).toBe(3007);
    const gone = await ask("DELETE", `${path}/controllers/3007`);
    expect(gone).toEqual({
      status: 200,
      body: { node_id: 3007, removed: true, unconfirmed: [] },
    });
    expect(await votersOf(path)).toEqual([3000]);
    const tables = await runInDurableObject(stubOf(clusterOf(id), 3007), (_, { storage }) =>
      storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'meta'").toArray(),
    );
    expect(tables).toEqual([]);
  }, 40_000);
});

const remove = (cluster: ClusterEntry, nodeId: number, voter: Answer["body"]) =>
  rpc(cluster, nodeId, {
    api: "RemoveRaftVoter",
    body: {
      clusterId: cluster.cluster_id,
      voterId: voter.node_id,
      voterDirectoryId: voter.directory_id,
    },
  });

describe("a removal", () => {
  test("whose leader goes before it is committed may be done all the same, and says so", async () => {
    const { path, id } = await formed(3);
    const cluster = clusterOf(id);
    const { node_id: leader } = await activeOf(cluster);
    const [one = 0, other = 0] = [3000, 3001, 3002].filter((nodeId) => nodeId !== leader);
    const { body: voter } = await ask("GET", `${path}/controllers/${other}`);
    expect(await remove(cluster, one, voter)).toMatchObject({
      notController: leader,
      isOutcomeUnknown: false,
    });
    await Promise.all([one, other].map((nodeId) => call(cluster, nodeId, { route: "stop" })));
    const waiting = remove(cluster, leader, voter);
    await scheduler.wait(100);
    await call(cluster, leader, { route: "stop" });
    expect(await waiting).toMatchObject({
      notController: undefined,
      isOutcomeUnknown: true,
      body: { errorCode: 6 },
    });
  }, 40_000);
});

const entry = (clusterId: string): ClusterEntry => ({
  ...clusterOf(clusterId, 1),
  metadata_version: 25,
});

const plan = (clusterId: string): ClusterPlan => {
  const { initial_voters: voters, ...identity } = entry(clusterId);
  return {
    ...identity,
    planned_voters: voters.map(({ node_id, host, port }) => ({ node_id, host, port })),
  };
};

const voter = (node_id: number): ControllerEntry => ({
  node_id,
  directory_id: "MvDxzVmcRsaTz33bUuRU6A",
  host: "localhost",
  port: 9094,
});

async function directoryWith(name: string) {
  const directory = env.DIRECTORY.getByName(name);
  await directory.create(plan(name));
  await directory.fix(name, { 3000: "JEXY6aqzQY-32P5TStzaFg" });
  await directory.markFormed(name);
  return directory;
}

describe("the directory", () => {
  test("gives the next id and port, and the same to the same wish until the node votes", async () => {
    const directory = await directoryWith("AAAAAAAAAAAAAAAAAAAAm1");
    const id = "AAAAAAAAAAAAAAAAAAAAm1";
    const first = await directory.admit(id, {});
    expect(first).toMatchObject({ outcome: "admitted", node: { node_id: 3001, port: 9094 } });
    expect(await directory.admit(id, {})).toMatchObject({ node: { node_id: 3001 } });
    expect(await directory.admit(id, { location_hint: "weur" })).toMatchObject({
      node: { node_id: 3002, port: 9095, location_hint: "weur" },
    });
    await directory.markJoined(id, voter(3001));
    expect(await directory.admit(id, {})).toMatchObject({ node: { node_id: 3003 } });
    expect(await directory.admit(id, { node_id: 3000 })).toEqual({ outcome: "taken" });
    await evictDurableObject(directory);
    const listed = await directory.get(id);
    expect(listed).toMatchObject({
      state: "formed",
      cluster: { nodes: [3000, 3001, 3002, 3003].map((node_id) => ({ node_id })) },
    });
  });

  test("gives one node to the replacement of a voter, however often it is asked", async () => {
    const id = "AAAAAAAAAAAAAAAAAAAAm2";
    const directory = await directoryWith(id);
    const wish = { replaces: 3000 };
    const first = await directory.admit(id, wish);
    await directory.markJoined(id, voter(3001));
    expect(first).toMatchObject({ node: { node_id: 3001 } });
    expect(await directory.admit(id, wish)).toMatchObject({ node: { node_id: 3001 } });
    expect(await directory.dismiss(id, 3000)).toEqual([]);
    expect(await directory.admit(id, { node_id: 3000 })).toEqual({ outcome: "taken" });
    expect(await directory.get(id)).toMatchObject({ cluster: { nodes: [{ node_id: 3001 }] } });
  });

  test("has a bound on the nodes of a cluster, and knows of no others", async () => {
    const id = "AAAAAAAAAAAAAAAAAAAAm3";
    const directory = await directoryWith(id);
    for (let node = 3001; node <= 3008; node += 1)
      expect(await directory.admit(id, { node_id: node })).toMatchObject({ outcome: "admitted" });
    expect(await directory.admit(id, {})).toMatchObject({ outcome: "admitted" });
    expect(await directory.admit(id, { node_id: 4000 })).toEqual({ outcome: "full", max: 9 });
    expect(await directory.dismiss(id, 77)).toBeNull();
    expect(await directory.admit("AAAAAAAAAAAAAAAAAAAAm9", {})).toBeNull();
  });
});
