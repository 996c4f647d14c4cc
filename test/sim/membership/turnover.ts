/** What becomes of the voters in one world: in half of them nothing, in the others nodes come, go and are replaced. */
import type { Chance } from "../chance.ts";

export interface Turnover {
  /** Nodes that are no voters at first and know of none. */
  readonly spares: number;
  /** How many of them were told to join; the others only observe. */
  readonly joiners: number;
  /** Operators that change the voter set, each without knowing of the others. */
  readonly admins: number;
  /** Mean time between two changes that one of them asks for. */
  readonly changeEveryMs: number;
  /** Mean time between two losses of a storage; 0: never. */
  readonly wipeEveryMs: number;
  /** Mean time until a lost storage is replaced by a fresh one. */
  readonly renewAfterMs: number;
  /** Probability that the fresh one comes with the order to join. */
  readonly rejoinRate: number;
}

/** Nothing happens by itself. */
export const NO_TURNOVER: Turnover = {
  spares: 0,
  joiners: 0,
  admins: 0,
  changeEveryMs: 0,
  wipeEveryMs: 0,
  renewAfterMs: 0,
  rejoinRate: 0,
};

export function drawTurnover(chance: Chance): Turnover | null {
  if (chance.happens(0.5)) return null;
  const spares = chance.between(0, 3);
  return {
    spares,
    joiners: chance.between(0, spares),
    admins: chance.pick([0, 1, 1, 1, 2, 2]) ?? 1,
    changeEveryMs: Math.round(chance.logUniform(300, 8_000)),
    wipeEveryMs: chance.happens(0.6) ? Math.round(chance.logUniform(3_000, 30_000)) : 0,
    renewAfterMs: Math.round(chance.logUniform(100, 10_000)),
    rejoinRate: chance.pick([0, 0.8, 1]) ?? 1,
  };
}
