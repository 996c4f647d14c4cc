/**
 * Changing a cluster's settings: what the directory keeps, whom it tells, and what a node keeps of that, on real
 * objects.
 */
import { abortAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { isClusterEntry, type ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import {
  settingsOf,
  type SettingChanges,
  type SettingsRequest,
} from "../../durable-objects/cluster-settings.ts";
import { isPrepareAnswer, readJson, type FormRequest } from "../../durable-objects/contract.ts";
import { ClusterRows } from "../../durable-objects/directory/cluster-rows.ts";
import { Settings } from "../../durable-objects/directory/settings.ts";
import { call, clusterOf, form, voterStatusOf } from "./quorum.ts";

const changes = (version: number, partitions: number): SettingChanges => ({
  version,
  settings: { "num.partitions": partitions },
});

const tell = (cluster: ClusterEntry, body: unknown): Promise<Response> =>
  call(cluster, 3000, { route: "settings", body: JSON.stringify(body) });
const tellOf = (cluster: ClusterEntry, told: SettingChanges): Promise<Response> =>
  tell(cluster, { created_ms: cluster.created_ms, changes: told } satisfies SettingsRequest);
const entryOf = async (cluster: ClusterEntry): Promise<ClusterEntry> =>
  readJson(await call(cluster, 3000, { route: "entry" }), isClusterEntry);

describe("a node", () => {
  test("goes by what it was told, in its epoch, and through a restart; not by an older version", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAS0A", 1);
    const { epoch } = await form(cluster);
    expect((await tellOf(cluster, changes(7, 5))).ok).toBe(true);
    expect((await entryOf(cluster)).setting_changes).toEqual(changes(7, 5));
    expect(await voterStatusOf(cluster, 3000)).toMatchObject({ epoch, active: true });
    expect((await tellOf(cluster, changes(6, 4))).ok).toBe(true);
    await abortAllDurableObjects();
    expect((await entryOf(cluster)).setting_changes).toEqual(changes(7, 5));
    expect((await tellOf(cluster, changes(8, 6))).ok).toBe(true);
    expect(settingsOf(await entryOf(cluster))["num.partitions"]).toBe(6);
  });

  test("keeps what it was told before it was formed with something older", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAS1A", 1);
    const prepared = await call(cluster, 3000, { route: "prepare" });
    const { directory_id } = await readJson(prepared, isPrepareAnswer);
    await tellOf(cluster, changes(9, 9));
    const voters = cluster.initial_voters.map((voter) => ({ ...voter, directory_id }));
    const formWith = (told: SettingChanges): Promise<Response> => {
      const entry = { ...cluster, initial_voters: voters, setting_changes: told };
      const request: FormRequest = { cluster: entry, is_formed: false };
      return call(cluster, 3000, { route: "form", body: JSON.stringify(request) });
    };
    expect((await formWith(changes(8, 8))).ok).toBe(true);
    expect((await entryOf(cluster)).setting_changes).toEqual(changes(9, 9));
    // Once more it is told with what is newer by then.
    expect((await formWith(changes(10, 1))).ok).toBe(true);
    expect((await entryOf(cluster)).setting_changes).toEqual(changes(10, 1));
  });

  test("of another cluster refuses, and so it does nonsense", async () => {
    const cluster = clusterOf("AAAAAAAAAAAAAAAAAAAS2A", 1);
    await form(cluster);
    const later = { ...cluster, created_ms: cluster.created_ms + 1 };
    expect((await tellOf(later, changes(9, 2))).status).toBe(409);
    const { created_ms } = cluster;
    for (const nonsense of [null, {}, { created_ms }, { created_ms, changes: { version: 1 } }])
      expect((await tell(cluster, nonsense)).status).toBe(400);
    expect((await entryOf(cluster)).setting_changes).toBeUndefined();
  });
});

const formed = (clusterId: string) => {
  const voters = [3000, 3001].map((node_id) => ({
    node_id,
    directory_id: "JEXY6aqzQY-32P5TStzaFg",
    host: "localhost",
    port: 9093,
  }));
  const cluster = { cluster_id: clusterId, metadata_version: 25, created_ms: 1 };
  return { state: "formed", cluster: { ...cluster, initial_voters: voters } } as const;
};

describe("a change that the directory makes", () => {
  interface Scene {
    readonly rows: ClusterRows;
    readonly settings: Settings;
    /** What each node was told last. */
    readonly heard: Map<string, SettingChanges>;
    /** The nodes that do not answer. */
    readonly deaf: Set<string>;
    calls: number;
    nowMs: number;
    alarmMs: number;
  }

  const inScene = (name: string, play: (scene: Scene) => Promise<void>): Promise<void> =>
    runInDurableObject(env.DIRECTORY.getByName(name), async (_, { storage }) => {
      const rows = new ClusterRows(storage.sql);
      const heard = new Map<string, SettingChanges>();
      const scene = { rows, heard, deaf: new Set<string>(), calls: 0, nowMs: 1_000, alarmMs: 0 };
      const node = (object: string) => ({
        fetch: async (_url: string, { body }: RequestInit) => {
          scene.calls += 1;
          if (scene.deaf.has(object)) throw new Error("it was reset");
          if (typeof body !== "string") throw new Error("no JSON");
          const request: SettingsRequest = JSON.parse(body);
          heard.set(object, request.changes);
          return Response.json({});
        },
      });
      const settings = new Settings({
        rows,
        controllersOf: () => ({ getByName: node }),
        setAlarm: (atMs) => {
          scene.alarmMs = atMs;
        },
        clock: () => scene.nowMs,
      });
      await play(Object.assign(scene, { settings }));
    });

  test("is heard by every node, and shown with the cluster", () =>
    inScene("settings-a", async ({ rows, settings, heard }) => {
      rows.insert(formed("a"), null);
      const told = await settings.change("a", { "num.partitions": 5 });
      expect(told).toMatchObject({
        listed: { state: "formed", cluster: { setting_changes: changes(1_000, 5) } },
        unconfirmed: [],
      });
      expect([...heard.values()]).toEqual([changes(1_000, 5), changes(1_000, 5)]);
      expect([rows.get("a")?.cluster, rows.nextDueMs()]).toEqual([
        { ...formed("a").cluster, setting_changes: changes(1_000, 5) },
        null,
      ]);
      // It is no part of what is stored of the cluster itself.
      const listed = rows.get("a");
      if (listed !== null) rows.update(listed);
      rows.settings.remove("a");
      expect(rows.get("a")?.cluster).toEqual(formed("a").cluster);
    }));

  test("is said again until each has confirmed, and nothing is said of what changes nothing", () =>
    inScene("settings-b", async (scene) => {
      const { rows, settings, heard, deaf } = scene;
      rows.insert(formed("a"), null);
      deaf.add("a/3001");
      const first = await settings.change("a", { "num.partitions": 5 });
      const unconfirmed = [{ node_id: 3001, reason: "it was reset" }];
      expect([first?.unconfirmed, scene.alarmMs]).toEqual([unconfirmed, 31_000]);
      // Asked for again, it is the same, and who has not heard is named again.
      scene.nowMs = 2_000;
      expect((await settings.change("a", { "num.partitions": 5 }))?.unconfirmed).toEqual(
        unconfirmed,
      );
      expect(rows.settings.of("a")?.version).toBe(1_000);
      deaf.clear();
      scene.nowMs = 31_000;
      await settings.resume();
      expect([heard.get("a/3001"), rows.nextDueMs()]).toEqual([changes(1_000, 5), null]);
      scene.calls = 0;
      await settings.change("a", { "num.partitions": 5 });
      await settings.resume();
      expect(scene.calls).toBe(0);
    }));

  test("joins the others, has a higher version whatever the clock says, and is taken back by null", () =>
    inScene("settings-c", async (scene) => {
      const { rows, settings, heard } = scene;
      rows.insert(formed("a"), null);
      await settings.change("a", { "num.partitions": 5, "delete.topic.enable": false });
      scene.nowMs = 10;
      await settings.change("a", { "num.partitions": null });
      expect(heard.get("a/3000")).toEqual({
        version: 1_001,
        settings: { "delete.topic.enable": false },
      });
      // What it was created with is no change.
      await settings.change("a", { "delete.topic.enable": true });
      expect(heard.get("a/3001")).toEqual({ version: 1_002, settings: {} });
    }));

  test("is said once more when a node has come that may have missed it", () =>
    inScene("settings-d", async (scene) => {
      const { rows, settings, heard } = scene;
      rows.insert(formed("a"), null);
      settings.tellAgain("a");
      expect(rows.nextDueMs()).toBeNull();
      await settings.change("a", { "num.partitions": 5 });
      heard.clear();
      settings.tellAgain("a");
      expect(scene.alarmMs).toBe(1_001);
      scene.nowMs = scene.alarmMs;
      await settings.resume();
      expect([heard.size, rows.nextDueMs()]).toEqual([2, null]);
    }));

  test("is of a cluster that is there alone", () =>
    inScene("settings-e", async ({ rows, settings }) => {
      expect(await settings.change("a", { "num.partitions": 5 })).toBeNull();
      rows.insert(formed("a"), null);
      const deletion = { deletion_id: "d", deleted_ms: 1, undelete_until_ms: 9_000 };
      rows.writeDeletion("a", { deletion, step: "deleted", dueMs: 9_000 });
      expect(await settings.change("a", { "num.partitions": 5 })).toBeNull();
    }));
});
