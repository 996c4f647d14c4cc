/**
 * Counting the votes of a nominee against the newest voter set. Only members count, however an answer came.
 */
import type { Tally } from "../membership/majority.ts";
import { isLost, isWon } from "../membership/majority.ts";
import type { Nominee, State } from "../state.ts";
import type { VoterSet } from "../membership/voter-history.ts";
import { latestVoters } from "../membership/voter-history.ts";

/** Whether this replica is a nominee that a majority has granted its vote. */
export function hasWon(state: State): boolean {
  const { role, voters } = state;
  if (role.kind !== "prospective" && role.kind !== "candidate") return false;
  return isWon(tally(role, latestVoters(voters)));
}

/** Whether so many have refused that a majority is out of reach. */
export const isRejected = (nominee: Nominee, voters: VoterSet): boolean =>
  isLost(tally(nominee, voters));

function tally(nominee: Nominee, voters: VoterSet): Tally {
  const members = voters.map((voter) => voter.key.id);
  return {
    members: members.length,
    granted: members.filter((id) => nominee.granted.has(id)).length,
    rejected: members.filter((id) => nominee.rejected.has(id)).length,
  };
}
