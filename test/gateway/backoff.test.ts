/** The pause between attempts, in a time that the test says. */
import { expect, test } from "vitest";
import { Backoff } from "../../gateway/edge/backoff.ts";

const backoff = (): Backoff => new Backoff({ firstMs: 50, maxMs: 150 });

/** How long it waits after a failure at `now`. */
function pause(subject: Backoff, now: number): number {
  subject.failed(now);
  let end = now;
  while (subject.isWaiting(end)) end += 1;
  return end - now;
}

test("the pause doubles with every failure in a row, up to its bound", () => {
  const subject = backoff();
  expect([0, 1_000, 2_000, 3_000].map((now) => pause(subject, now))).toEqual([50, 100, 150, 150]);
});

test("failures while it waits are one outage", () => {
  const subject = backoff();
  subject.failed(0);
  subject.failed(10);
  subject.failed(49);
  expect(subject.isWaiting(49)).toBe(true);
  expect(subject.isWaiting(50)).toBe(false);
});

test("a success ends the wait and starts over", () => {
  const subject = backoff();
  subject.failed(0);
  subject.failed(1_000);
  subject.succeeded();
  expect(subject.isWaiting(1_001)).toBe(false);
  expect(pause(subject, 2_000)).toBe(50);
});

test("who asks for a longer pause gets it, also in the middle of one", () => {
  const subject = backoff();
  subject.failed(0, 500);
  expect([subject.isWaiting(499), subject.isWaiting(500)]).toEqual([true, false]);
  subject.failed(1_000);
  subject.failed(1_010, 300);
  expect([subject.isWaiting(1_309), subject.isWaiting(1_310)]).toEqual([true, false]);
});

test("who asks for a shorter pause does not end the one that is under way", () => {
  const subject = backoff();
  subject.failed(0, 10);
  expect(subject.isWaiting(49)).toBe(true);
});
