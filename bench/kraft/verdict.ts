/** What the figures of a run say: medians, ratios to the better of the others, and whether a goal is met. */
import { quantile } from "../quantile.ts";

export interface Case {
  readonly title: string;
  /** A time is better when it is less, a rate when it is more. */
  readonly unit: "ms" | "/s";
  /** What the ratio should be: at most of a time, at least of a rate; null where none was set. */
  readonly goal: number | null;
}

/** Of one quorum in one case: a figure for each round that succeeded. */
export type Rounds = readonly number[];

export interface Verdict {
  readonly ours: number;
  readonly theirs: readonly number[];
  /** Ours by the better of theirs. */
  readonly ratio: number;
  /** How many times better ours is, whatever the unit. */
  readonly gain: number;
  /** Null where there is no goal, or no ratio. */
  readonly isMet: boolean | null;
}

/** Every quorum's figures count by their median; of one that has none there is NaN. */
export function judge({ unit, goal }: Case, ours: Rounds, theirs: readonly Rounds[]): Verdict {
  const own = quantile(ours, 0.5);
  const others = theirs.map((rounds) => quantile(rounds, 0.5));
  const known = others.filter((figure) => !Number.isNaN(figure));
  const best = unit === "ms" ? Math.min(...known) : Math.max(...known);
  const ratio = known.length === 0 ? Number.NaN : own / best;
  const isJudged = goal !== null && !Number.isNaN(ratio);
  return {
    ours: own,
    theirs: others,
    ratio,
    gain: unit === "ms" ? 1 / ratio : ratio,
    isMet: isJudged ? (unit === "ms" ? ratio <= goal : ratio >= goal) : null,
  };
}

/** A goal as a gain: how many times better ours should be. */
export const goalAsGain = ({ unit, goal }: Case): number | null =>
  goal === null ? null : unit === "ms" ? 1 / goal : goal;
