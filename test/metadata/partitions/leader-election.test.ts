import { describe, expect, test } from "vitest";
import { electLeader, type Election } from "../../../src/metadata/partitions/leader-election.ts";

interface Row {
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
  readonly leader: number;
  readonly dead?: readonly number[];
  readonly elr?: readonly number[];
  readonly last?: readonly number[];
}

const elect = (row: Row, election: Election): string => {
  const { leader, isUnclean } = electLeader(
    {
      replicas: row.replicas,
      isr: row.isr,
      elr: row.elr ?? [],
      lastKnownElr: row.last ?? [],
      leader: row.leader,
      isAcceptable: (brokerId) => brokerId >= 0 && row.dead?.includes(brokerId) !== true,
    },
    election,
  );
  return `${leader} ${isUnclean ? "unclean" : "clean"}`;
};

const FOO: Row = { replicas: [2, 1, 3], isr: [2, 1, 3], leader: 1, dead: [3] };

describe("an election", () => {
  test.each<readonly [Row, Election, string]>([
    [FOO, "preferred", "2 clean"],
    [FOO, "online", "1 clean"],
    [FOO, "unclean", "1 clean"],
    [{ ...FOO, isr: [1, 3] }, "online", "1 clean"],
    [{ ...FOO, isr: [1, 3] }, "unclean", "1 clean"],
    [{ ...FOO, isr: [3] }, "online", "-1 clean"],
    [{ ...FOO, isr: [3] }, "preferred", "-1 clean"],
    [{ ...FOO, isr: [3] }, "unclean", "2 unclean"],
    [{ ...FOO, isr: [4], replicas: [2, 1, 3, 4] }, "unclean", "4 clean"],
    [{ replicas: [2, 1, 3], isr: [1, 3], leader: 3 }, "preferred", "3 clean"],
    [{ replicas: [2, 1, 3], isr: [1, 3], leader: 3 }, "online", "3 clean"],
    [{ replicas: [1, 2], isr: [], elr: [2], leader: -1 }, "online", "2 clean"],
    [{ replicas: [1, 2], isr: [1], elr: [2], leader: 1, dead: [1] }, "online", "-1 clean"],
    [{ replicas: [1, 2], isr: [], last: [2], leader: -1 }, "online", "2 unclean"],
    [{ replicas: [1, 2], isr: [], last: [2], leader: -1 }, "preferred", "2 unclean"],
    [{ replicas: [1, 2], isr: [], last: [2], leader: -1, dead: [2] }, "online", "-1 clean"],
    [{ replicas: [1, 2], isr: [], last: [-1], leader: -1 }, "online", "-1 clean"],
    [{ replicas: [1, 2], isr: [], last: [3], leader: -1 }, "online", "-1 clean"],
    [{ replicas: [1, 2], isr: [], last: [1, 2], leader: -1 }, "online", "-1 clean"],
    [{ replicas: [1, 2], isr: [], last: [], leader: -1, dead: [1] }, "unclean", "2 unclean"],
  ])("of %j, %s, is won by %s", (row, election, expected) => {
    expect(elect(row, election)).toBe(expected);
  });
});
