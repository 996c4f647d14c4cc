/** All images that an isolate keeps fit it together, and the oldest of the past go first. */
import { expect, test } from "vitest";
import { emptyImage } from "../../src/metadata/index.ts";
import {
  forgetPresent,
  keepPast,
  keepPresent,
  makeRoomForSnapshot,
  pastOf,
  presentOf,
} from "../../worker/observer/kept-images.ts";
import { observationOf, type Observation } from "../../worker/observer/observation.ts";

/** The image of a cluster with so many partitions. */
const observed = (partitionCount: number): Observation =>
  observationOf({ ...emptyImage, topics: { ...emptyImage.topics, partitionCount } });

const kept = (...keys: readonly string[]): readonly boolean[] =>
  keys.map((key) => (presentOf(key) ?? pastOf(key)) !== undefined);

test("two million partitions leave no room for a second large one, and none of the past stays for it", () => {
  keepPresent("a", observed(500_000));
  keepPast("b#1", observed(500_000));
  keepPast("b#2", observed(500_000));
  expect(kept("a", "b#1", "b#2")).toEqual([true, true, true]);
  keepPresent("c", observed(900_000));
  expect(kept("a", "b#1", "b#2", "c")).toEqual([true, false, true, true]);
  keepPresent("d", observed(2_000_000));
  expect(kept("a", "b#2", "c", "d")).toEqual([false, false, false, true]);
  // One that is larger than all that may be kept is kept alone: it is in use.
  keepPresent("e", observed(3_000_000));
  expect(kept("d", "e")).toEqual([false, true]);
  forgetPresent("e");
});

test("a large snapshot is loaded with nothing beside it, a small one beside what there is", () => {
  keepPresent("a", observed(1));
  keepPast("b#1", observed(1));
  makeRoomForSnapshot(1_000_000);
  expect(kept("a", "b#1")).toEqual([true, true]);
  makeRoomForSnapshot(20_000_000);
  expect(kept("a", "b#1")).toEqual([false, false]);
});

test("many small ones are kept together, and of too many the one that was used longest ago goes", () => {
  const keys = Array.from({ length: 100 }, (_, at) => `small-${at}`);
  for (const key of keys) keepPresent(key, observed(10));
  expect(kept(...keys).every(Boolean)).toBe(true);
  keepPresent("one-more", observed(10));
  // Looked at above in this order, so the first of them was used longest ago.
  expect(kept("small-0", "small-1", "one-more")).toEqual([false, true, true]);
  // It leaves room for a few of them: the last ones.
  keepPresent("large", observed(2_090_000));
  expect(kept("small-2", "small-99", "large")).toEqual([false, true, true]);
});
