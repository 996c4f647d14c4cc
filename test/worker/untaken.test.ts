/** What clients have not taken: bounded for each and for all, and given back when a client takes it or is gone. */
import { expect, test } from "vitest";
import { Untaken } from "../../worker/batches/untaken.ts";

const MEBI = 1_024 * 1_024;

test("one has room for 4 Mi characters, and again for what it takes", () => {
  const one = new Untaken();
  for (let at = 0; at < 4; at += 1) one.send(MEBI);
  expect([one.hasRoomFor(1), one.count, one.sent]).toEqual([false, 4, 4]);
  expect(one.take(3)).toBe(true);
  expect([one.hasRoomFor(3 * MEBI), one.hasRoomFor(3 * MEBI + 1), one.count]).toEqual([
    true,
    false,
    1,
  ]);
  // What is said twice, or late, takes nothing more.
  expect([one.take(3), one.take(1), one.count]).toEqual([true, true, 1]);
  expect([one.take(5), one.count]).toEqual([false, 1]);
  one.drop();
});

test("all have room for 32 Mi, and what one leaves is for the others", () => {
  const all = Array.from({ length: 8 }, () => new Untaken());
  for (const each of all) for (let at = 0; at < 4; at += 1) each.send(MEBI);
  const late = new Untaken();
  expect(late.hasRoomFor(1)).toBe(false);
  all[0]?.drop();
  expect(late.hasRoomFor(4 * MEBI)).toBe(true);
  all[0]?.send(MEBI);
  expect(late.hasRoomFor(4 * MEBI)).toBe(true);
  for (const each of all) each.drop();
});
