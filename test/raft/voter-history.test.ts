/** Voter sets and their history in the log (KIP-853, M-1). */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  findVoter,
  hasVoter,
  latestVoters,
  latestVotersOffset,
  recordVoters,
  truncateVoters,
  voterSet,
} from "../../src/raft/membership/voter-history.ts";
import type { VoterHistory } from "../../src/raft/index.ts";
import { voterOf } from "./quorum-driver.ts";

describe("a voter set", () => {
  test("is sorted by id, whatever order it is given in", () => {
    expect(voterSet([voterOf(3), voterOf(1), voterOf(2)])?.map(({ key }) => key.id)).toEqual([
      1, 2, 3,
    ]);
  });

  test("has no two voters of one id", () => {
    const other = { ...voterOf(1), key: { id: 1, directoryId: "another" } };
    expect(voterSet([voterOf(1), other])).toBeNull();
  });

  test("has no negative ids", () => {
    expect(voterSet([voterOf(-1)])).toBeNull();
  });

  test("knows a replica by node and directory, and a node by its id", () => {
    const voters = [voterOf(1), voterOf(2)];
    expect(hasVoter(voters, { id: 2, directoryId: "dir-2" })).toBe(true);
    expect(hasVoter(voters, { id: 2, directoryId: "another" })).toBe(false);
    expect(findVoter(voters, 2)).toEqual(voterOf(2));
    expect(findVoter(voters, 3)).toBeNull();
  });
});

describe("the history of voter sets", () => {
  test("ends with the newest record below any truncation, or with the set of the format", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 50 })),
        fc.integer({ min: 0, max: 60 }),
        (offsets, cut) => {
          const sorted = offsets.toSorted((left, right) => left - right);
          let history: VoterHistory = { bootstrap: [voterOf(99)], records: [] };
          for (const offset of sorted) {
            history = recordVoters(history, { offset, voters: [voterOf(offset)] });
          }
          const truncated = truncateVoters(history, cut);
          const last = sorted.findLast((offset) => offset < cut);
          expect(latestVotersOffset(truncated)).toBe(last ?? -1);
          expect(latestVoters(truncated)[0]?.key.id).toBe(last ?? 99);
        },
      ),
    );
  });
});
