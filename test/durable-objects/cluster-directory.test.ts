/** The directory of clusters, inside workerd. */
import { env } from "cloudflare:workers";
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import type { ClusterEntry, ClusterPlan } from "../../durable-objects/cluster-entry.ts";

const entry = (clusterId: string): ClusterEntry => ({
  cluster_id: clusterId,
  initial_voters: [
    { node_id: 3000, directory_id: "JEXY6aqzQY-32P5TStzaFg", host: "localhost", port: 9093 },
  ],
  metadata_version: 25,
  created_ms: 1_700_000_000_000,
});

const plan = (clusterId: string): ClusterPlan => {
  const { initial_voters: _, ...identity } = entry(clusterId);
  return { ...identity, planned_voters: [{ node_id: 3000, host: "localhost", port: 9093 }] };
};

test("a created cluster is listed once, however often it is asked for", async () => {
  const directory = env.DIRECTORY.getByName("a");
  expect(await directory.create(plan("one"))).toMatchObject({ outcome: "created" });
  expect(await directory.create({ ...plan("one"), metadata_version: 7 })).toMatchObject({
    outcome: "present",
    listed: { state: "planned", cluster: { metadata_version: 25 } },
  });
  expect(await directory.list()).toEqual([]);
  await directory.fix("one", { 3000: "JEXY6aqzQY-32P5TStzaFg" });
  expect(await directory.list()).toEqual([entry("one")]);
});

test("the list survives the eviction of its object", async () => {
  const directory = env.DIRECTORY.getByName("b");
  await directory.create(plan("kept"));
  await evictDurableObject(directory);
  expect(await directory.get("kept")).toEqual({ state: "planned", cluster: plan("kept") });
});

test("the voters of a cluster are fixed once, whatever its nodes say later", async () => {
  const directory = env.DIRECTORY.getByName("e");
  await directory.create(plan("fixed"));
  expect(await directory.fix("fixed", {})).toBeNull();
  expect(await directory.fix("missing", {})).toBeNull();
  const ids = { 3000: "JEXY6aqzQY-32P5TStzaFg" };
  expect(await directory.fix("fixed", ids)).toEqual(entry("fixed"));
  expect(await directory.fix("fixed", { 3000: "MvDxzVmcRsaTz33bUuRU6A" })).toEqual(entry("fixed"));
  expect(await directory.get("fixed")).toEqual({ state: "forming", cluster: entry("fixed") });
  await directory.markFormed("fixed");
  expect(await directory.get("fixed")).toEqual({ state: "formed", cluster: entry("fixed") });
});

test("an entry in the shape of an earlier build is listed in that of this one", async () => {
  const directory = env.DIRECTORY.getByName("d");
  const { initial_voters: controllers, ...identity } = entry("old");
  await runInDurableObject(directory, (_, state) => {
    const stored = JSON.stringify({ ...identity, controllers });
    state.storage.sql.exec("INSERT INTO clusters VALUES ('old', ?)", stored);
  });
  expect(await directory.get("old")).toEqual({ state: "formed", cluster: entry("old") });
});

describe("a bound on clusters", () => {
  test("of the deployment is an answer, not an error", async () => {
    const directory = env.DIRECTORY.getByName("k");
    await directory.get("none");
    await runInDurableObject(directory, (_, { storage }) => {
      storage.sql.exec(
        `INSERT INTO clusters (cluster_id, entry)
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9999)
         SELECT 'c' || i, '{}' FROM n`,
      );
    });
    expect(await directory.create(plan("last"))).toMatchObject({ outcome: "created" });
    expect(await directory.create(plan("more"))).toEqual({ outcome: "full", max: 10_000 });
    expect(await directory.create(plan("last"))).toMatchObject({ outcome: "present" });
    expect(await directory.get("more")).toBeNull();
  });

  test("of an owner counts that one's alone, and the deleted ones until they are wiped", async () => {
    const directory = env.DIRECTORY.getByName("l");
    const by = { owner: "jti-1", ownerMax: 2 };
    for (const id of ["one", "two"])
      expect(await directory.create(plan(id), by)).toMatchObject({ outcome: "created" });
    expect(await directory.create(plan("three"), by)).toEqual({ outcome: "owner-full", max: 2 });
    expect(await directory.create(plan("two"), by)).toMatchObject({ outcome: "present" });
    const other = { ...by, owner: "jti-2" };
    expect(await directory.create(plan("three"), other)).toMatchObject({ outcome: "created" });
    await directory.delete("one");
    expect(await directory.create(plan("four"), by)).toEqual({ outcome: "owner-full", max: 2 });
    await directory.purge("one");
    expect(await directory.create(plan("four"), by)).toMatchObject({ outcome: "created" });
  });
});
