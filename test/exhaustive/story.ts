/** A way through worlds, for people: each move, and below it what the replica did and what it was then. */
import { describeEffect, describeState } from "../../src/raft/index.ts";
import type { Successor } from "./course.ts";
import { describeMove } from "./move.ts";

export function storyOf(way: readonly Successor[]): readonly string[] {
  return way.flatMap(({ move, deeds }, at) => [
    `${`${at + 1}`.padStart(3)}  ${describeMove(move)}`,
    ...deeds.flatMap(({ effects, replica }) => [
      ...effects.map((effect) => `       ${describeEffect(effect)}`),
      ...(replica === null ? [] : [`       = ${describeState(replica.state)}`]),
    ]),
  ]);
}
