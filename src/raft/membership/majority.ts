/**
 * Majorities of a voter set: the one place where voters are counted, be it votes, acknowledgements or who has
 * been heard. What a vote or an acknowledgement is worth is decided by the caller; here it is only counted.
 *
 * Safety rests on one fact: any two majorities of a set share a member (Raft §5.2, E-1). Elections need a
 * majority that granted, commits need a majority that stored, so every later leader was elected by
 * some voter that holds what was committed.
 */
import type { Offset, ReplicaId, ReplicaKey } from "../messages.ts";
import type { VoterSet } from "./voter-history.ts";
import { hasVoter } from "./voter-history.ts";

/** The smallest number of members of which any two choices overlap. */
export const majorityOf = (members: number): number => Math.floor(members / 2) + 1;

/** Whether `ids` contain a majority of the set. Ids outside the set do not count. */
export const hasMajority = (voters: VoterSet, ids: ReadonlySet<ReplicaId>): boolean =>
  membersAmong(voters, ids) >= majorityOf(voters.length);

/** Whether the members outside `refused` are too few to be a majority, even if all of them agreed. */
export const isOutOfReach = (voters: VoterSet, refused: ReadonlySet<ReplicaId>): boolean =>
  voters.length - membersAmong(voters, refused) < majorityOf(voters.length);

/** Whether this replica is a majority of the set by itself. */
export const isMajorityAlone = (voters: VoterSet, key: ReplicaKey): boolean =>
  hasVoter(voters, key) && majorityOf(voters.length) === 1;

const membersAmong = (voters: VoterSet, ids: ReadonlySet<ReplicaId>): number =>
  voters.filter(({ key }) => ids.has(key.id)).length;

/**
 * The largest offset that a majority has reached, given the log end of every member (W-1); null while a
 * majority has reached none. An unknown end counts as behind all others.
 */
export function reachedByMajority(ends: readonly (Offset | null)[]): Offset | null {
  const descending = ends.map((end) => end ?? -1).toSorted((left, right) => right - left);
  const reached = descending[majorityOf(ends.length) - 1] ?? -1;
  return reached < 0 ? null : reached;
}
