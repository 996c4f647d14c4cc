/** What requests and rules are made of at random: a run with the same seed draws the same. */
import { nextInt, seeded } from "../../src/std/random.ts";

/** Draws an integer in [0, bound). */
export type Draw = (bound: number) => number;

export function drawsOf(seed: number): Draw {
  let random = seeded(seed);
  return (bound) => {
    const drawn = nextInt(random, bound);
    ({ random } = drawn);
    return drawn.value;
  };
}

export function pick<Item>(items: readonly Item[], draw: Draw): Item {
  const item = items[draw(items.length)];
  if (item === undefined) throw new RangeError("nothing to pick from");
  return item;
}

/** Mostly one of the first, now and then one of the others. */
export const mostly = <Item>(usual: readonly Item[], odd: readonly Item[], draw: Draw): Item =>
  pick(draw(12) === 0 ? odd : usual, draw);
