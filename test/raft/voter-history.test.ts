/** Voter sets and their history in the log (KIP-853, M-1). */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  cutVoters,
  findVoter,
  hasVoter,
  latestVoters,
  latestVotersOffset,
  recordVoters,
  truncateVoters,
  voterSet,
  votersAt,
} from "../../src/raft/membership/voter-history.ts";
import type { VoterHistory } from "../../src/raft/index.ts";
import { voterOf } from "./node-disk.ts";

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

  test("after a cut begins with the set that counted there, and answers above as before", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 50 })),
        fc.integer({ min: 1, max: 60 }),
        (offsets, cut) => {
          let history: VoterHistory = { bootstrap: [voterOf(99)], records: [] };
          for (const offset of offsets.toSorted((left, right) => left - right)) {
            history = recordVoters(history, { offset, voters: [voterOf(offset)] });
          }
          const after = cutVoters(history, cut);
          expect(after.records[0]).toEqual({ offset: cut - 1, voters: votersAt(history, cut) });
          for (let offset = cut; offset <= 61; offset += 1) {
            expect(votersAt(after, offset)).toEqual(votersAt(history, offset));
          }
          const rising = after.records.map(({ offset }) => offset);
          expect(rising).toEqual([...new Set(rising)].toSorted((left, right) => left - right));
          expect(cutVoters(after, cut)).toEqual(after);
        },
      ),
    );
  });

  test("tells the set that counted when the log ended at an offset, the record before it included", () => {
    let history: VoterHistory = { bootstrap: [voterOf(9)], records: [] };
    history = recordVoters(history, { offset: 3, voters: [voterOf(1)] });
    history = recordVoters(history, { offset: 7, voters: [voterOf(2)] });
    const ids = [0, 3, 4, 7, 8].map((offset) => votersAt(history, offset)[0]?.key.id);
    expect(ids).toEqual([9, 9, 1, 1, 2]);
  });
});
