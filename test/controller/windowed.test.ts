/** Numbers over the last minute, in two windows of half a minute. */
import { expect, test } from "vitest";
import { Windowed } from "../../durable-objects/replica/windowed.ts";

test("nothing recorded is no average, no maximum and a rate of nothing", () => {
  const empty = new Windowed(0);
  expect([empty.average(5), empty.max(5), empty.rate(5)]).toEqual([Number.NaN, Number.NaN, 0]);
});

test("what was recorded counts for its window and the next one", () => {
  const values = new Windowed(0);
  values.record(10, 1_000);
  values.record(20, 2_000);
  expect([values.average(3_000), values.max(3_000)]).toEqual([15, 20]);
  expect(values.rate(30_000)).toBe(1);
  values.record(30, 40_000);
  expect([values.average(41_000), values.max(41_000)]).toEqual([20, 30]);
  expect(values.rate(60_000 - 1)).toBeCloseTo(1, 3);
  expect([values.average(75_000), values.max(75_000)]).toEqual([30, 30]);
  expect(values.average(200_000)).toBeNaN();
});

test("a clock that is set back begins anew", () => {
  const values = new Windowed(1_000_000);
  values.record(10, 1_000_000);
  values.record(20, 500);
  expect([values.average(600), values.max(600)]).toEqual([20, 20]);
});
