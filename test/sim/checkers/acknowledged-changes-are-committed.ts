/**
 * Who was told that a voter is added or removed was told the truth (M-6): the committed log holds a set of that
 * leader's epoch in which the voter has come, or gone, since the set before it.
 */
import type { Checker } from "./checker.ts";

export function acknowledgedChangesAreCommitted(): Checker {
  return {
    name: "acknowledged-changes-are-committed",
    judge(observation, ghost) {
      if (observation.kind !== "voters-changed") return undefined;
      const { change, voter, epoch } = observation;
      const isListed = change === "added";
      const sets = ghost.committed.voterSets;
      const isThere = sets.some((set, at) => {
        const before = sets[at - 1];
        if (before === undefined || set.epoch !== epoch) return false;
        return (
          set.voters.includes(voter) === isListed && before.voters.includes(voter) !== isListed
        );
      });
      return isThere
        ? undefined
        : `replica ${voter} was said to be ${change} in epoch ${epoch}, and no committed voter set of that epoch says so`;
    },
  };
}
