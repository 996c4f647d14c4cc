/** When the edge is asked again who the controllers are, and how often strange news can make it so. */
import { describe, expect, test } from "vitest";
import { AskingTimes, type Clients } from "../../gateway/asking-times.ts";

const EVERY_MS = 4_000;
const IDLE_MS = 300_000;
const MAX_AGE_MS = 3_600_000;
const PAUSES = { everyMs: EVERY_MS, idleMs: IDLE_MS, maxAgeMs: MAX_AGE_MS };

class Asked {
  now = 0;
  readonly times = new AskingTimes(PAUSES, 0);

  ask(outcome: "settled" | "open" | "failed", chance = 1): void {
    this.times.begin();
    this.times.ended(outcome, this.now, chance);
  }

  /** How often it is asked in so long, by what comes of each question. */
  in(ms: number, clients: Clients, outcome: "settled" | "open" | "failed" = "settled"): number {
    const end = this.now + ms;
    let asked = 0;
    for (;;) {
      this.now += this.times.dueIn(this.now, clients);
      if (this.now > end) break;
      asked += 1;
      this.ask(outcome);
    }
    this.now = end;
    return asked;
  }
}

const DAY_MS = 86_400_000;

describe("the edge is asked", () => {
  test("once an hour while a change would be heard of, every five minutes without clients, else every four seconds", () => {
    expect(new Asked().in(DAY_MS, "followed")).toBe(24);
    expect(new Asked().in(DAY_MS, "idle")).toBe(24 * 12);
    expect(new Asked().in(DAY_MS, "served")).toBe(DAY_MS / EVERY_MS);
  });

  test("at once when something is new, and then as before", () => {
    const asked = new Asked();
    asked.now = 60_000;
    asked.times.hasten();
    expect(asked.times.dueIn(asked.now, "followed")).toBe(0);
    asked.ask("settled");
    expect(asked.times.dueIn(asked.now, "followed")).toBe(MAX_AGE_MS);
  });

  test("again and again, ever more rarely, while an answer leaves something open or none comes", () => {
    for (const outcome of ["open", "failed"] as const) {
      const asked = new Asked();
      asked.ask(outcome);
      // 4 + 8 + … + 2,048 s, and then each hour.
      expect(asked.in(4_092_000, "followed", outcome)).toBe(10);
      expect(asked.in(DAY_MS, "followed", outcome)).toBe(24);
      asked.times.hasten();
      asked.ask(outcome);
      expect(asked.times.dueIn(asked.now, "followed")).toBe(EVERY_MS);
    }
  });

  test("out of step with others", () => {
    const asked = new Asked();
    asked.ask("settled", 1.2);
    expect(asked.times.dueIn(0, "followed")).toBeCloseTo(1.2 * MAX_AGE_MS);
  });

  test("within four seconds of a client that is served, however long ago it was", () => {
    const asked = new Asked();
    asked.now = MAX_AGE_MS / 2;
    expect(asked.times.dueIn(asked.now, "served")).toBe(0);
  });
});

/** How many questions a day of hints brings, one each `everyMs`. */
const day = (everyMs: number, nodeIds: readonly number[]): number => {
  const times = new AskingTimes(PAUSES, 0);
  let asked = 0;
  for (let now = 0; now < DAY_MS; now += everyMs)
    for (const nodeId of nodeIds) {
      if (times.hint(nodeId, now)) asked += 1;
      times.begin();
      times.ended("settled", now, 1);
    }
  return asked;
};

describe("a controller that is heard of", () => {
  test("all day hastens a few questions, then one an hour", () => {
    expect(day(1_000, [3001])).toBeLessThan(40);
    expect(day(1_000, [3001])).toBeGreaterThan(24);
  });

  test("with thousands of others is one of 32", () => {
    const times = new AskingTimes(PAUSES, 0);
    const heard = Array.from({ length: 5_000 }, (_, at) => times.hint(at, 0));
    expect(heard.filter((isHastened) => isHastened)).toHaveLength(32);
    // They are forgotten when they have been quiet for a while.
    expect(times.hint(9_999, 3 * EVERY_MS)).toBe(true);
  });

  test("after long is heard of at once, as the first time", () => {
    const times = new AskingTimes(PAUSES, 0);
    for (const now of [0, EVERY_MS, 4 * EVERY_MS]) expect(times.hint(3001, now)).toBe(true);
    expect(times.hint(3001, 5 * EVERY_MS)).toBe(false);
    expect(times.hint(3001, 100 * EVERY_MS)).toBe(true);
    expect(times.hint(3001, 101 * EVERY_MS)).toBe(true);
  });

  test("again after a question that failed hastens the next", () => {
    const times = new AskingTimes(PAUSES, 0);
    times.hint(3001, 0);
    times.begin();
    times.ended("failed", 0, 1);
    expect(times.hint(3001, 1)).toBe(true);
  });
});
