/** Revoking tokens: what the directory keeps, whom it tells, and what a node keeps of that, on real objects. */
import { abortAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import type { AccessRequest } from "../../durable-objects/cluster-access.ts";
import {
  isClusterEntry,
  type ClusterEntry,
  type ClusterPlan,
} from "../../durable-objects/cluster-entry.ts";
import { isPrepareAnswer, readJson, type FormRequest } from "../../durable-objects/contract.ts";
import { ClusterRows } from "../../durable-objects/directory/cluster-rows.ts";
import { Revocations } from "../../durable-objects/directory/revocations.ts";
import {
  REVOKED_MAX,
  type Revocation,
  type Revocations as RevocationsIn,
} from "../../src/access/index.ts";
import { call, clusterOf, form } from "./quorum.ts";

const END_S = 4_000_000_000;
const token = (id: string): Revocation => ({ kind: "token", token: { id, expires_at: END_S } });
const access = (version: number, ...ids: readonly string[]): RevocationsIn => ({
  version,
  not_before: 0,
  revoked: ids.map((id) => ({ id, expires_at: END_S })),
});

const idsIn = (revocations: RevocationsIn | undefined): readonly string[] | undefined =>
  revocations?.revoked.map(({ id }) => id);

const tell = (cluster: ClusterEntry, body: unknown): Promise<Response> =>
  call(cluster, 3000, { route: "access", body: JSON.stringify(body) });
const tellOf = (cluster: ClusterEntry, told: RevocationsIn): Promise<Response> => {
  const request: AccessRequest = { created_ms: cluster.created_ms, access: told };
  return tell(cluster, request);
};
const entryOf = async (cluster: ClusterEntry): Promise<ClusterEntry> =>
  readJson(await call(cluster, 3000, { route: "entry" }), isClusterEntry);

describe("a node", () => {
  test("shows what is revoked in its entry, through a restart, and no older version", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAR0A", 1);
    await form(cluster);
    expect((await entryOf(cluster)).access).toBeUndefined();
    expect((await tellOf(cluster, access(7, "a"))).ok).toBe(true);
    expect((await entryOf(cluster)).access).toEqual(access(7, "a"));
    expect((await tellOf(cluster, access(6, "b"))).ok).toBe(true);
    await abortAllDurableObjects();
    expect((await entryOf(cluster)).access).toEqual(access(7, "a"));
    expect((await tellOf(cluster, access(8, "a", "b"))).ok).toBe(true);
    expect((await entryOf(cluster)).access).toEqual(access(8, "a", "b"));
  });

  test("keeps what it was told before it was formed with something older", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAR1A", 1);
    const prepared = await readJson(
      await call(cluster, 3000, { route: "prepare" }),
      isPrepareAnswer,
    );
    await tellOf(cluster, access(9, "a"));
    const voters = cluster.initial_voters.map((voter) => ({ ...voter, ...prepared }));
    const formWith = (told: RevocationsIn): Promise<Response> => {
      const entry = { ...cluster, initial_voters: voters, access: told };
      const request: FormRequest = { cluster: entry, is_formed: false };
      return call(cluster, 3000, { route: "form", body: JSON.stringify(request) });
    };
    expect((await formWith(access(8, "b"))).ok).toBe(true);
    expect((await entryOf(cluster)).access).toEqual(access(9, "a"));
    // Once more it is told with what is newer by then.
    expect((await formWith(access(10, "c"))).ok).toBe(true);
    expect((await entryOf(cluster)).access).toEqual(access(10, "c"));
  });

  test("of another cluster refuses, one without a storage makes none, and nonsense is refused", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAR2A", 1);
    expect((await tellOf(cluster, access(7, "a"))).ok).toBe(true);
    const stub = env.CONTROLLERS.getByName(`${cluster.cluster_id}/3000`);
    const tables = await runInDurableObject(stub, (_, { storage }) =>
      storage.sql.exec("SELECT name FROM sqlite_master").toArray(),
    );
    expect(tables).toEqual([]);
    await form(cluster);
    const later = { ...cluster, created_ms: cluster.created_ms + 1 };
    expect((await tellOf(later, access(9, "a"))).status).toBe(409);
    for (const nonsense of [
      null,
      {},
      { created_ms: cluster.created_ms },
      { created_ms: cluster.created_ms, access: { ...access(9), revoked: [{ id: 7 }] } },
      { created_ms: cluster.created_ms, access: { ...access(9), not_before: "0" } },
      {
        created_ms: cluster.created_ms,
        access: access(9, ...Array.from({ length: 2 * REVOKED_MAX + 1 }, (_, at) => `t${at}`)),
      },
    ])
      expect((await tell(cluster, nonsense)).status).toBe(400);
    expect((await entryOf(cluster)).access).toBeUndefined();
  });

  test("of a deleted cluster hears of it, for it may come back", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAR3A", 1);
    await form(cluster);
    const deletion = { deletion_id: "d", deleted_ms: 1, undelete_until_ms: 2 };
    const { created_ms } = cluster;
    await call(cluster, 3000, {
      route: "delete",
      body: JSON.stringify({ created_ms, deletion }),
    });
    expect((await tellOf(cluster, access(7, "a"))).ok).toBe(true);
    await call(cluster, 3000, {
      route: "undelete",
      body: JSON.stringify({ created_ms, deletion_id: "d" }),
    });
    expect((await entryOf(cluster)).access).toEqual(access(7, "a"));
  });
});

test("a node that this build must not touch confirms nothing", async () => {
  const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAR4A", 1);
  await form(cluster);
  const stub = env.CONTROLLERS.getByName(`${cluster.cluster_id}/3000`);
  await runInDurableObject(stub, (_, { storage }) => {
    storage.sql.exec("INSERT INTO migrations (version) VALUES (99)");
  });
  await abortAllDurableObjects();
  const refused = await tellOf(cluster, access(7, "a"));
  expect(refused.status).toBe(421);
  expect(await refused.text()).toContain("schema 99");
});

/** A cluster of two nodes. */
const planOf = (clusterId: string): ClusterPlan => ({
  cluster_id: clusterId,
  metadata_version: 25,
  created_ms: 1,
  planned_voters: [3000, 3001].map((node_id) => ({ node_id, host: "localhost", port: 9093 })),
});

const formed = (clusterId: string) => {
  const { planned_voters: voters, ...identity } = planOf(clusterId);
  const initial = voters.map((voter) => ({ ...voter, directory_id: "JEXY6aqzQY-32P5TStzaFg" }));
  return { state: "formed", cluster: { ...identity, initial_voters: initial } } as const;
};

describe("the directory", () => {
  test("lists a cluster with what is revoked there, and forms a new one with the deployment's", async () => {
    const directory = env.DIRECTORY.getByName("revoked");
    await directory.create(planOf("a"));
    expect(await directory.revoke("b", token("t"))).toBeNull();
    expect(await directory.revoke("*", token("everywhere"))).toMatchObject({
      outcome: "revoked",
      unconfirmed: [],
      clusters_untold: 0,
    });
    await directory.revoke("a", token("here"));
    expect(idsIn(await directory.revocations("a"))).toEqual(["here", "everywhere"]);
    expect(idsIn(await directory.revocations("*"))).toEqual(["everywhere"]);
    expect(await directory.get("a")).toEqual({ state: "planned", cluster: planOf("a") });
    const ids = { 3000: "JEXY6aqzQY-32P5TStzaFg", 3001: "MvDxzVmcRsaTz33bUuRU6A" };
    const fixed = await directory.fix("a", ids);
    expect(idsIn(fixed?.access)).toEqual(["here", "everywhere"]);
    expect(await directory.get("a")).toEqual({ state: "forming", cluster: fixed });
    await directory.markFormed("a");
    expect(await directory.get("a")).toEqual({ state: "formed", cluster: fixed });
    // A list of all clusters does not repeat the deployment's for each.
    expect((await directory.list()).map((cluster) => cluster.access)).toEqual([undefined]);
    // Wiped, it leaves nothing to a later one of its id.
    await directory.purge("a");
    expect(idsIn(await directory.revocations("a"))).toEqual(["everywhere"]);
  });
});

describe("a revocation that a node does not hear of", () => {
  interface Scene {
    readonly rows: ClusterRows;
    readonly revocations: Revocations;
    /** What each node was told last: the ids that are revoked. */
    readonly heard: Map<string, readonly string[] | undefined>;
    /** The nodes that do not answer. */
    readonly deaf: Set<string>;
    calls: number;
    /** What every node waits for before it answers. */
    answers: Promise<void>;
    nowMs: number;
    alarmMs: number;
  }

  const inScene = (name: string, play: (scene: Scene) => Promise<void>): Promise<void> =>
    runInDurableObject(env.DIRECTORY.getByName(name), async (_, { storage }) => {
      const rows = new ClusterRows(storage.sql);
      const heard = new Map<string, readonly string[] | undefined>();
      const times = { calls: 0, answers: Promise.resolve(), nowMs: 1_000, alarmMs: 0 };
      const scene = { rows, heard, deaf: new Set<string>(), ...times };
      const node = (object: string) => ({
        fetch: async (_url: string, { body }: RequestInit) => {
          scene.calls += 1;
          if (scene.deaf.has(object)) throw new Error("it was reset");
          if (typeof body !== "string") throw new Error("no JSON");
          const request: AccessRequest = JSON.parse(body);
          await scene.answers;
          heard.set(object, idsIn(request.access));
          return Response.json({});
        },
      });
      const revocations = new Revocations({
        rows,
        controllersOf: () => ({ getByName: node }),
        setAlarm: (atMs) => {
          scene.alarmMs = atMs;
        },
        clock: () => scene.nowMs,
      });
      await play(Object.assign(scene, { revocations }));
    });

  test("stands, names it, and is said again until it has confirmed", () =>
    inScene("revoked-f", async (scene) => {
      const { rows, revocations, heard, deaf } = scene;
      rows.insert(formed("a"), null);
      deaf.add("a/3001");
      const revoked = await revocations.revoke("a", token("t"));
      expect(revoked).toEqual({
        outcome: "revoked",
        revocations: access(1_000, "t"),
        unconfirmed: [{ cluster_id: "a", node_id: 3001, reason: "it was reset" }],
        clusters_untold: 0,
      });
      expect([heard.get("a/3000"), scene.alarmMs]).toEqual([["t"], 31_000]);
      expect(idsIn(revocations.in("a"))).toEqual(["t"]);
      // Asked for again, it is the same, and who has not heard is named again.
      expect(await revocations.revoke("a", token("t"))).toEqual(revoked);
      scene.nowMs = 31_000;
      await revocations.resume();
      expect(scene.alarmMs).toBe(61_000);
      deaf.clear();
      scene.nowMs = 61_000;
      await revocations.resume();
      expect([heard.get("a/3001"), rows.nextDueMs()]).toEqual([["t"], null]);
      const { calls } = scene;
      expect(await revocations.revoke("a", token("t"))).toMatchObject({ unconfirmed: [] });
      expect(scene.calls).toBe(calls);
    }));

  test("of the deployment reaches every cluster by the alarm, a few at a time", () =>
    inScene("revoked-g", async (scene) => {
      const { rows, revocations, heard, deaf } = scene;
      for (let at = 0; at < 25; at += 1) rows.insert(formed(`c${at + 10}`), null);
      await revocations.revoke("c12", token("own"));
      deaf.add("c13/3000");
      scene.nowMs = 2_000;
      const revoked = await revocations.revoke("*", token("all"));
      expect(revoked).toMatchObject({
        unconfirmed: [{ cluster_id: "c13", node_id: 3000 }],
        clusters_untold: 15,
      });
      expect(scene.alarmMs).toBe(2_001);
      const left: (number | null)[] = [];
      for (let alarms = 0; alarms < 2; alarms += 1) {
        scene.calls = 0;
        scene.nowMs = scene.alarmMs;
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        await revocations.resume();
        expect(scene.calls).toBeLessThanOrEqual(20);
        left.push(rows.revocations.countUntold());
      }
      expect(left).toEqual([6, 1]);
      expect(scene.alarmMs).toBe(32_000);
      expect(heard.get("c12/3001")).toEqual(["own", "all"]);
      expect(heard.get("c34/3001")).toEqual(["all"]);
      expect(heard.has("c13/3000")).toBe(false);
      deaf.clear();
      scene.nowMs = scene.alarmMs;
      await revocations.resume();
      expect([heard.get("c13/3000"), rows.nextDueMs()]).toEqual([["all"], null]);
    }));

  test("is due although an older one is confirmed after it", () =>
    inScene("revoked-j", async (scene) => {
      const { rows, revocations, heard, deaf } = scene;
      rows.insert(formed("a"), null);
      const { promise, resolve } = Promise.withResolvers<void>();
      scene.answers = promise;
      const older = revocations.revoke("a", token("t1"));
      deaf.add("a/3000").add("a/3001");
      const newer = await revocations.revoke("a", token("t2"));
      expect(newer).toMatchObject({ unconfirmed: [{ node_id: 3000 }, { node_id: 3001 }] });
      resolve();
      expect(await older).toMatchObject({ unconfirmed: [] });
      expect([heard.get("a/3000"), rows.nextDueMs()]).toEqual([["t1"], 31_000]);
      deaf.clear();
      scene.nowMs = 31_000;
      await revocations.resume();
      expect([heard.get("a/3000"), rows.nextDueMs()]).toEqual([["t1", "t2"], null]);
    }));

  test("breaks off with its directory, and goes on by the alarm", () =>
    inScene("revoked-h", async (scene) => {
      const { rows, revocations, heard } = scene;
      rows.insert(formed("a"), null);
      // Nobody waits for it: what is decided is stored, and due, before a node is told.
      const broken = revocations.revoke("a", token("t"));
      expect([idsIn(revocations.in("a")), rows.nextDueMs(), scene.alarmMs]).toEqual([
        ["t"],
        31_000,
        31_000,
      ]);
      await broken;
      expect(heard.size).toBe(2);
    }));

  test("is one too many when a thousand stand, and a moment is not", () =>
    inScene("revoked-i", async ({ rows, revocations }) => {
      rows.insert(formed("a"), null);
      const ids = Array.from({ length: REVOKED_MAX }, (_, at) => `t${at}`);
      rows.revocations.write("a", access(5, ...ids));
      expect(await revocations.revoke("a", token("more"))).toEqual({
        outcome: "full",
        max: REVOKED_MAX,
      });
      expect(await revocations.revoke("a", { kind: "not-before", not_before: 9 })).toMatchObject({
        outcome: "revoked",
        revocations: { not_before: 9 },
      });
      // Those of the deployment need a place of their own, and have it.
      expect(await revocations.revoke("*", token("more"))).toMatchObject({ outcome: "revoked" });
      expect(revocations.in("a").revoked).toHaveLength(REVOKED_MAX + 1);
    }));
});
