/**
 * Majority arithmetic on plain numbers. No rule of any role is here, only counting.
 */
import type { Offset } from "../messages.ts";

/** The smallest number of members of which any two choices overlap. */
export const majorityOf = (members: number): number => Math.floor(members / 2) + 1;

/**
 * The largest offset that a majority has reached; null while a majority has reached none. An unknown end
 * counts as behind all others.
 */
export function reachedByMajority(ends: readonly (Offset | null)[]): Offset | null {
  const descending = ends.map((end) => end ?? -1).toSorted((left, right) => right - left);
  const reached = descending[majorityOf(ends.length) - 1] ?? -1;
  return reached < 0 ? null : reached;
}

/** A count of votes among `members`. */
export interface Tally {
  readonly members: number;
  readonly granted: number;
  readonly rejected: number;
}

export const isWon = (tally: Tally): boolean => tally.granted >= majorityOf(tally.members);

/** Even if all who are still silent granted, it would not be a majority. */
export const isLost = (tally: Tally): boolean =>
  tally.members - tally.rejected < majorityOf(tally.members);
