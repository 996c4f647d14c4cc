/** The directory of clusters, inside workerd. */
import { env } from "cloudflare:workers";
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";

const entry = (clusterId: string): ClusterEntry => ({
  cluster_id: clusterId,
  initial_voters: [
    { node_id: 3000, directory_id: "JEXY6aqzQY-32P5TStzaFg", host: "localhost", port: 9093 },
  ],
  metadata_version: 25,
  created_ms: 1_700_000_000_000,
});

test("a created cluster is listed once, however often it is asked for", async () => {
  const directory = env.DIRECTORY.getByName("a");
  expect(await directory.create(entry("one"))).toMatchObject({ created: true });
  expect(await directory.create({ ...entry("one"), metadata_version: 7 })).toMatchObject({
    created: false,
    entry: { metadata_version: 25 },
  });
  expect(await directory.list()).toHaveLength(1);
});

test("the list survives the eviction of its object", async () => {
  const directory = env.DIRECTORY.getByName("b");
  await directory.create(entry("kept"));
  await evictDurableObject(directory);
  expect(await directory.get("kept")).toEqual(entry("kept"));
});

test("a removed cluster is gone, and removing it again says so", async () => {
  const directory = env.DIRECTORY.getByName("c");
  await directory.create(entry("gone"));
  expect(await directory.remove("gone")).toBe(true);
  expect(await directory.remove("gone")).toBe(false);
  expect(await directory.get("gone")).toBeNull();
});

test("an entry in the shape of an earlier build is listed in that of this one", async () => {
  const directory = env.DIRECTORY.getByName("d");
  const { initial_voters: controllers, ...identity } = entry("old");
  await runInDurableObject(directory, (_, state) => {
    const stored = JSON.stringify({ ...identity, controllers });
    state.storage.sql.exec("INSERT INTO clusters VALUES ('old', ?)", stored);
  });
  expect(await directory.get("old")).toEqual(entry("old"));
});
