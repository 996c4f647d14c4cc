/** The one timer of an object in memory: it is replaced at almost every step, and only the newest counts. */
import { expect, test } from "vitest";
import { Wake } from "../../durable-objects/replica/wake.ts";

test("the event of a timer that was replaced meanwhile proves nothing", () => {
  const events: (() => void)[] = [];
  const cannotBeCleared = {
    set: (_delayMs: number, run: () => void) => (events.push(run), nothing),
  };
  const fired: number[] = [];
  const wake = new Wake({ alarm: { set: nothing }, timers: cannotBeCleared }, (dueAt) => {
    fired.push(dueAt);
  });
  wake.at(100, { now: 0, clock: 0 });
  wake.at(200, { now: 1, clock: 1 });
  events[0]?.();
  expect(fired).toEqual([]);
  events[1]?.();
  expect(fired).toEqual([200]);
});

test("a timer that has fired is armed anew, for the same deadline too", () => {
  const events: (() => void)[] = [];
  const timers = { set: (_delayMs: number, run: () => void) => (events.push(run), nothing) };
  const fired: number[] = [];
  const wake = new Wake({ alarm: { set: nothing }, timers }, (dueAt) => fired.push(dueAt));
  wake.at(100, { now: 0, clock: 0 });
  events[0]?.();
  wake.at(100, { now: 99, clock: 99 });
  events[1]?.();
  expect(fired).toEqual([100, 100]);
});

const nothing = (): void => undefined;
