/**
 * What a change makes of a voter set. Sets change by one member at a time: two majorities of sets that differ by one
 * share a member, and so no two leaders can each commit by a set of their own (I-10; Ongaro's dissertation, §4.1).
 */
import type { VoterSet } from "../membership/voter-history.ts";
import { sameKey } from "../membership/voter-history.ts";
import type { Voter, VoterChangeRequest } from "../messages.ts";

/** Seven voters, one that replaces another, and one to spare; a message to each of more would not leave at once. */
export const VOTERS_MAX = 9;

/** The set with `voter` added, removed, or listed as it says. By rising id. */
export function changedVoters(
  voters: VoterSet,
  api: VoterChangeRequest["api"],
  voter: Voter,
): VoterSet {
  const others = voters.filter(({ key }) => !sameKey(key, voter.key));
  if (api === "remove-raft-voter") return others;
  return [...others, voter].toSorted((left, right) => left.key.id - right.key.id);
}

/** Whether one set has at most one member that the other has not, and the other way round none. */
export function differsByOne(before: VoterSet, after: VoterSet): boolean {
  const gone = before.filter(({ key }) => !after.some((voter) => sameKey(voter.key, key)));
  const come = after.filter(({ key }) => !before.some((voter) => sameKey(voter.key, key)));
  return gone.length + come.length <= 1;
}
