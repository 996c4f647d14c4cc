/**
 * The short form of each model in the test run: all of its worlds. Long ones are `npm run explore -- --model NAME`.
 */
import { describe, expect, test } from "vitest";
import { FingerprintSet, wordsOf } from "./fingerprint.ts";
import type { Model } from "./model.ts";
import { describeMove } from "./move.ts";
import { MODELS } from "./models.ts";
import { Course, type Successor } from "./course.ts";
import { opening } from "./opening.ts";
import { type Exploration, type Limits, Search, missedBy } from "./search.ts";
import { storyOf } from "./story.ts";
import { type World, printOf } from "./world.ts";

const NO_LIMIT: Limits = { states: 10_000_000, milliseconds: 300_000 };

/** What people need to see when a law is broken. */
function expectNoViolation({ violation }: Exploration): void {
  expect(violation?.sentence, storyOf(violation?.way ?? []).join("\n")).toBeUndefined();
}

describe("an exploration", () => {
  test.each(MODELS)(
    "of $name finds no violation in any world of the short form, and meets what it should",
    (model) => {
      const exploration = new Search(model, model.short, NO_LIMIT).run();
      console.log(`${model.name}: ${exploration.states} worlds, ${exploration.transitions} moves`);
      expectNoViolation(exploration);
      expect(exploration.end).toBe("exhausted");
      expect(missedBy(exploration)).toEqual([]);
    },
    360_000,
  );

  test("says that a limit ended it, and what it has not met for that", () => {
    const [model] = MODELS;
    if (model === undefined) throw new Error("there is no model");
    const exploration = new Search(model, model.full, { ...NO_LIMIT, states: 5_000 }).run();
    expectNoViolation(exploration);
    expect(exploration.end).toBe("states");
    expect(exploration.frontier).toBeGreaterThan(1_000);
    expect(missedBy(exploration)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^only 500\d states/),
        "never met: a log truncated",
      ]),
    );
  });

  test("makes the same moves whenever it is made", () => {
    const [model] = MODELS;
    if (model === undefined) throw new Error("there is no model");
    const explore = (): Exploration =>
      new Search(model, model.full, { ...NO_LIMIT, states: 5_000 }).run();
    expect(explore()).toEqual(explore());
  });
});

describe("a world", () => {
  test("is the same under other names, and another where anything else differs", () => {
    const { world, successors } = begun("election");
    const stand = successors.filter(({ move }) => isTimer(move, "role"));
    const [first, second, third] = stand.map((one) => printOf(reached(one)));
    expect(stand).toHaveLength(3);
    expect(second).toEqual(first);
    expect(third).toEqual(first);
    expect(printOf(world)).not.toEqual(first);
  });

  test("keeps what is not awaited any more, since it may yet arrive", () => {
    const { world, successors } = begun("messages");
    expect(world.exchanges.map(({ isAwaited }) => isAwaited)).toEqual([true, true]);
    const givenUp = successors.find(
      ({ move }) => move.kind === "event" && move.event.kind === "give-up",
    );
    if (givenUp === undefined) throw new Error("nobody may give up");
    expect(reached(givenUp).exchanges.map(({ isAwaited }) => isAwaited)).toEqual([true, false]);
  });

  test("offers a crash in the middle of an event only where something was stored", () => {
    // A voter that stands for election stores nothing before it has won its pre-vote.
    expect(cutIn("election")).toEqual([]);
    expect(cutIn("replication")).toEqual(["101: is told to append 1 at 3@1, cut short by a crash"]);
  });
});

test("a set of fingerprints holds each once, however many there are", () => {
  const set = new FingerprintSet();
  const rounds = [1, 2].map(() => {
    let added = 0;
    for (let at = 0; at < 200_000; at += 1) if (set.add(...wordsOf(`${at}`))) added += 1;
    return added;
  });
  expect(rounds).toEqual([200_000, 0]);
  expect(set.size).toBe(200_000);
});

function begun(name: string): {
  readonly course: Course;
  readonly world: World;
  readonly successors: readonly Successor[];
} {
  const model: Model | undefined = MODELS.find((one) => one.name === name);
  if (model === undefined) throw new Error(`there is no model ${name}`);
  const course = new Course(model, model.full);
  const [world] = opening(course);
  if (world === undefined) throw new Error(`${name} does not begin`);
  return { course, world, successors: course.successors(world) };
}

/** The events at the beginning that a crash may cut short. */
const cutIn = (name: string): readonly string[] =>
  begun(name)
    .successors.filter(({ move }) => move.kind === "event" && move.isCutShort)
    .map(({ move }) => describeMove(move));

function reached({ world }: Successor): World {
  if (world === null) throw new Error("this move leads nowhere");
  return world;
}

const isTimer = (move: Successor["move"], timer: string): boolean =>
  move.kind === "event" &&
  !move.isCutShort &&
  move.event.kind === "timer" &&
  move.event.timer === timer;
