/**
 * Whether a nominee's round is won or lost. Both are counted against the newest voter set (W-6), so a set that
 * arrives in mid-round counts at once, and an answer of a replica outside the set never does.
 *
 * A prospective voter that has lost gives up at once: it has raised no epoch, and may return to its leader
 * (E-3). A candidate that has lost waits for the rest of its time (E-10).
 */
import { hasMajority, isOutOfReach } from "../membership/majority.ts";
import type { VoterSet } from "../membership/voter-history.ts";
import { latestVoters } from "../membership/voter-history.ts";
import type { Nominee, State } from "../state.ts";

/** Whether this replica is a nominee that a majority has granted its vote (E-1). */
export function hasWon({ role, voters }: State): boolean {
  if (role.kind !== "prospective" && role.kind !== "candidate") return false;
  return hasMajority(latestVoters(voters), role.granted);
}

/** Whether so many have refused that a majority is out of reach. */
export const isRejected = (nominee: Nominee, voters: VoterSet): boolean =>
  isOutOfReach(voters, nominee.rejected);
