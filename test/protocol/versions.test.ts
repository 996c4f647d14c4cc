/**
 * Kafka's notation of version ranges.
 */
import { expect, test } from "vitest";
import { boundsOf, covers, versionsOf } from "../../src/protocol/index.ts";

test.each([
  ["3", [3]],
  ["0-2", [0, 1, 2]],
  ["2-5", [2, 3, 4, 5]],
] as const)("%s is both of its ends and all between", (range, versions) => {
  expect(versionsOf(range)).toEqual(versions);
  const around = Array.from({ length: 10 }, (_, version) => version);
  expect(around.filter((version) => covers(range, version))).toEqual(versions);
});

test("12+ begins at 12 and has no end", () => {
  expect(boundsOf("12+")).toEqual({ low: 12, high: Infinity });
  expect([11, 12, 13, 1000].map((version) => covers("12+", version))).toEqual([
    false,
    true,
    true,
    true,
  ]);
});
