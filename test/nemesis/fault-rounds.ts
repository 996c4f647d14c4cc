/**
 * When faults strike, and of which kind: in rounds, each of which has every kind as often as its share says, in an order
 * of its own. So no run is without one of them for long.
 */
import type { Chance } from "../sim/chance.ts";

export interface Rounds<Kind extends string> {
  /** How many of each kind there are in a round, in one order: a seed draws from it. */
  readonly shares: readonly (readonly [kind: Kind, share: number])[];
  /** The first fault and the last, from the beginning of the run. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** From one to the next, at least and at most. */
  readonly apartMs: readonly [number, number];
}

/** Draws a fault's kind when it is asked for, and the time to the next after it: what a fault draws comes between. */
export function* faultRounds<Kind extends string>(
  chance: Chance,
  { shares, fromMs, untilMs, apartMs }: Rounds<Kind>,
): Generator<{ readonly kind: Kind; readonly atMs: number }, void, undefined> {
  const round = shares.flatMap(([kind, share]) => Array.from({ length: share }, () => kind));
  let bag: readonly Kind[] = [];
  for (let atMs = fromMs; atMs < untilMs;) {
    const [kind, ...rest] = bag.length > 0 ? bag : chance.shuffled(round);
    if (kind === undefined) return;
    bag = rest;
    yield { kind, atMs };
    atMs += Math.round(chance.logUniform(...apartMs));
  }
}
