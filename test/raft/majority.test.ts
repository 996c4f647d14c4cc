/** Majority arithmetic against the definition: try every subset. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  isLost,
  isWon,
  majorityOf,
  reachedByMajority,
} from "../../src/raft/membership/majority.ts";

/** The largest offset that some subset larger than half has reached, found by trying each offset. */
function reachedByTrying(ends: readonly (number | null)[]): number | null {
  const candidates = ends.filter((end) => end !== null).toSorted((left, right) => right - left);
  const reachedBy = (offset: number): number =>
    ends.filter((end) => end !== null && end >= offset).length;
  return candidates.find((offset) => reachedBy(offset) * 2 > ends.length) ?? null;
}

describe("majorities", () => {
  test.each([
    [1, 1],
    [2, 2],
    [3, 2],
    [4, 3],
    [5, 3],
    [7, 4],
  ])("of %i members a majority is %i", (members, majority) => {
    expect(majorityOf(members)).toBe(majority);
  });

  test("any two majorities overlap, and one member less would not do", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 99 }), (members) => {
        expect(majorityOf(members) * 2).toBeGreaterThan(members);
        expect((majorityOf(members) - 1) * 2).toBeLessThanOrEqual(members);
      }),
    );
  });
});

describe("W-1: what a majority has reached", () => {
  const end = fc.option(fc.integer({ min: 0, max: 6 }), { nil: null });

  test("is the largest offset that more than half have reached", () => {
    fc.assert(
      fc.property(fc.array(end, { minLength: 1, maxLength: 7 }), (ends) => {
        expect(reachedByMajority(ends)).toBe(reachedByTrying(ends));
      }),
    );
  });

  test("is unknown without voters", () => {
    expect(reachedByMajority([])).toBeNull();
  });
});

describe("tallies", () => {
  test("a round is won or lost exactly when the silent ones cannot change it", () => {
    const ballots = fc
      .integer({ min: 1, max: 9 })
      .chain((members) =>
        fc.tuple(
          fc.constant(members),
          fc.integer({ min: 0, max: members }),
          fc.integer({ min: 0, max: members }),
        ),
      )
      .filter(([members, granted, rejected]) => granted + rejected <= members);
    fc.assert(
      fc.property(ballots, ([members, granted, rejected]) => {
        const silent = members - granted - rejected;
        const tally = { members, granted, rejected };
        expect(isWon(tally)).toBe(granted * 2 > members);
        expect(isLost(tally)).toBe((granted + silent) * 2 <= members);
      }),
    );
  });
});
