/**
 * Whether a nominee's round is won or lost. Both are counted against the newest voter set (W-6), so a voter
 * set that arrived in mid-round counts at once, and an answer of a replica outside the set never does.
 */
import { hasMajority, isOutOfReach } from "../membership/majority.ts";
import { latestVoters } from "../membership/voter-history.ts";
import type { VoterSet } from "../membership/voter-history.ts";
import type { Nominee, State } from "../state.ts";

/** Whether this replica is a nominee that a majority has granted its vote (E-1). */
export function hasWon({ role, voters }: State): boolean {
  if (role.kind !== "prospective" && role.kind !== "candidate") return false;
  return hasMajority(latestVoters(voters), role.granted);
}

/** Whether so many have refused that a majority is out of reach. */
export const isRejected = (nominee: Nominee, voters: VoterSet): boolean =>
  isOutOfReach(voters, nominee.rejected);
