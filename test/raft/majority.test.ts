/** Majority arithmetic against the definition: try every subset. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  hasMajority,
  isMajorityAlone,
  isOutOfReach,
  majorityOf,
  reachedByMajority,
} from "../../src/raft/membership/majority.ts";
import { voterOf } from "./node-disk.ts";

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

describe("rounds", () => {
  test("a round is won or lost exactly when the silent ones cannot change it", () => {
    const rounds = fc
      .array(fc.constantFrom("granted", "refused", "silent"), { minLength: 1, maxLength: 9 })
      .map((answers) => {
        const idsOf = (wanted: string): ReadonlySet<number> =>
          new Set(answers.flatMap((answer, id) => (answer === wanted ? [id] : [])));
        return { answers, granted: idsOf("granted"), refused: idsOf("refused") };
      });
    fc.assert(
      fc.property(rounds, ({ answers, granted, refused }) => {
        const voters = answers.map((_, id) => voterOf(id));
        const members = answers.length;
        expect(hasMajority(voters, granted)).toBe(granted.size * 2 > members);
        expect(isOutOfReach(voters, refused)).toBe((members - refused.size) * 2 <= members);
      }),
    );
  });

  test("answers from outside the set count for nothing", () => {
    const voters = [voterOf(1), voterOf(2), voterOf(3)];
    expect(hasMajority(voters, new Set([1, 7, 8, 9]))).toBe(false);
    expect(isOutOfReach(voters, new Set([1, 7, 8, 9]))).toBe(false);
  });

  test("S-2: only the one voter of a set is a majority alone, on its own directory", () => {
    const { key } = voterOf(1);
    expect(isMajorityAlone([voterOf(1)], key)).toBe(true);
    expect(isMajorityAlone([voterOf(1)], { ...key, directoryId: "another" })).toBe(false);
    expect(isMajorityAlone([voterOf(1), voterOf(2)], key)).toBe(false);
    expect(isMajorityAlone([], key)).toBe(false);
  });
});
