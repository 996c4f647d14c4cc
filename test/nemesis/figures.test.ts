import { describe, expect, test } from "vitest";
import type { Strike } from "./faults.ts";
import { failoversOf, quantile } from "./figures.ts";

const strike = (given: Partial<Strike> & Pick<Strike, "fromMs" | "untilMs">): Strike => ({
  kind: "kill",
  victims: ["3000"],
  struckLeader: true,
  isFired: true,
  ...given,
});

describe("failovers", () => {
  test("last from the last acknowledgement before a fault to the first after it", () => {
    const acks = [0, 10, 20, 30, 340, 350, 360];
    expect(failoversOf([strike({ fromMs: 32, untilMs: 50 })], acks)).toEqual([310]);
  });

  test("begin with what was on its way when the fault struck", () => {
    const acks = [0, 10, 34, 80, 1_500, 1_510];
    expect(failoversOf([strike({ fromMs: 32, untilMs: 50 })], acks)).toEqual([1_420]);
  });

  test("are not later pauses, which had other reasons", () => {
    const acks = [0, 10, 40, 300, 340, 2_000];
    expect(failoversOf([strike({ fromMs: 32, untilMs: 50 })], acks)).toEqual([260]);
  });

  test("are not measured while another fault was under way, or when no leader was struck", () => {
    const acks = [0, 10, 340, 350];
    const single = strike({ fromMs: 12, untilMs: 20 });
    const other = strike({ fromMs: 200, untilMs: 600, struckLeader: false, kind: "delay" });
    expect(failoversOf([single], acks)).toEqual([330]);
    expect(failoversOf([single, other], acks)).toEqual([]);
    expect(failoversOf([{ ...single, struckLeader: false }], acks)).toEqual([]);
    expect(failoversOf([{ ...single, kind: "delay" }], acks)).toEqual([]);
    expect(failoversOf([{ ...single, victims: ["3000", "3001"] }], acks)).toEqual([]);
  });

  test("are not measured when nothing was acknowledged afterwards", () => {
    expect(failoversOf([strike({ fromMs: 12, untilMs: 20 })], [0, 10])).toEqual([]);
  });
});

test("a quantile is the smallest value that so many do not exceed", () => {
  expect(quantile([4, 1, 3, 2], 0.5)).toBe(2);
  expect(quantile([4, 1, 3, 2], 0.99)).toBe(4);
  expect(quantile([], 0.5)).toBeNaN();
});
