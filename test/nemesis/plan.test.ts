import { describe, expect, test } from "vitest";
import { KINDS, planOf } from "./plan.ts";

const MINUTE = 60_000;

describe("a plan of faults", () => {
  test("is the same for the same seed, and another for another", () => {
    expect(planOf(7, 2 * MINUTE)).toEqual(planOf(7, 2 * MINUTE));
    expect(planOf(7, 2 * MINUTE)).not.toEqual(planOf(8, 2 * MINUTE));
  });

  test("begins no fault before there is something to disturb, nor too late to be made good", () => {
    for (let seed = 1; seed <= 50; seed += 1) {
      const moments = planOf(seed, MINUTE).map(({ atMs }) => atMs);
      expect(moments).toEqual(moments.toSorted((one, other) => one - other));
      expect(moments[0]).toBeGreaterThanOrEqual(3_000);
      expect(moments.at(-1)).toBeLessThan(MINUTE - 5_000);
    }
  });

  test("has every kind in its share, in two minutes already", () => {
    for (let seed = 1; seed <= 50; seed += 1) {
      const kinds = planOf(seed, 2 * MINUTE).map(({ kind }) => kind);
      for (const kind of KINDS)
        expect(kinds.filter((each) => each === kind).length).toBeGreaterThanOrEqual(2);
      expect(kinds.filter((kind) => kind === "kill").length).toBeGreaterThanOrEqual(10);
    }
  });

  test("strikes the leader more often than each of the others", () => {
    const victims = planOf(1, 60 * MINUTE).map(({ victim }) => victim);
    const share = (victim: unknown): number =>
      victims.filter((each) => each === victim).length / victims.length;
    expect(share("leader")).toBeGreaterThan(0.5);
    for (const place of [0, 1, 2]) expect(share(place)).toBeGreaterThan(0.08);
    expect(share("all")).toBeGreaterThan(0.01);
  });
});
