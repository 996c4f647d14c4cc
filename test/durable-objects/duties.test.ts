/** The standing duties of an office: what is due when, and what becomes of the rest when one has run. */
import { describe, expect, test } from "vitest";
import { Duties } from "../../durable-objects/active-controller/duties.ts";
import { LEADER_BALANCE_INTERVAL_MS, initialLiveness } from "../../src/metadata/index.ts";
import { world } from "../metadata/world.ts";

const BEGUN_MS = 1_000_000;
const SESSION_OVER_MS = BEGUN_MS + 9_001;
const BALANCE_MS = BEGUN_MS + LEADER_BALANCE_INTERVAL_MS;
const liveness = initialLiveness(world({ brokers: "1 2" }), BEGUN_MS);
const nobody = initialLiveness(world({ brokers: "" }), BEGUN_MS);

describe("a duty", () => {
  test("is due when the session of a broker has ended, and not before", () => {
    const duties = new Duties(liveness, BEGUN_MS);
    expect(duties.nextAtMs).toBe(SESSION_OVER_MS);
    expect(duties.takeDue(liveness, SESSION_OVER_MS - 1)).toEqual([]);
    expect(duties.takeDue(liveness, SESSION_OVER_MS)).toHaveLength(1);
  });

  test.each([
    { kind: "failed", cause: "a defect" },
    { kind: "refused", reason: "overloaded" },
  ] as const)("that $kind rests before it is run again, and is not forgotten", (outcome) => {
    const duties = new Duties(liveness, BEGUN_MS);
    expect(duties.ran(outcome, SESSION_OVER_MS)).toBe(true);
    const again = duties.nextAtMs;
    expect(again).toBe(SESSION_OVER_MS + 250);
    expect(duties.takeDue(liveness, again - 1)).toEqual([]);
    expect(duties.takeDue(liveness, again)).toHaveLength(1);
  });

  test("looks leaders over once an interval, and again at once when one run was not enough", () => {
    const duties = new Duties(nobody, BEGUN_MS);
    expect(duties.nextAtMs).toBe(BALANCE_MS);
    expect(duties.takeDue(nobody, BALANCE_MS)).toHaveLength(2);
    expect(duties.nextAtMs).toBe(BALANCE_MS + LEADER_BALANCE_INTERVAL_MS);
    const bounded = { kind: "committed", response: { isBounded: true }, endOffset: 7 } as const;
    expect(duties.ran(bounded, BALANCE_MS + 5)).toBe(true);
    expect(duties.nextAtMs).toBe(BALANCE_MS + 5);
  });

  test("looks at the contacts when a session could have ended first, and is put off by what it finds", () => {
    const duties = new Duties(liveness, BEGUN_MS);
    duties.contactsChanged(BEGUN_MS + 5_000);
    expect(duties.nextAtMs).toBe(SESSION_OVER_MS);
    const heard = initialLiveness(world({ brokers: "1 2" }), BEGUN_MS + 5_000);
    expect(duties.takeDue(heard, SESSION_OVER_MS)).toEqual([]);
    expect(duties.nextAtMs).toBe(SESSION_OVER_MS + 5_000);
  });

  test("is armed by the first broker of a cluster that had none", () => {
    const duties = new Duties(nobody, BEGUN_MS);
    duties.contactsChanged(BEGUN_MS + 5_000);
    expect(duties.nextAtMs).toBe(SESSION_OVER_MS + 5_000);
  });

  test("that lost its office, or had nothing left to do, moves nothing", () => {
    const duties = new Duties(nobody, BEGUN_MS);
    const done = { kind: "committed", response: { isBounded: false }, endOffset: 7 } as const;
    expect(duties.ran({ kind: "not-controller" }, BEGUN_MS)).toBe(false);
    expect(duties.ran(done, BEGUN_MS)).toBe(false);
    expect(duties.nextAtMs).toBe(BALANCE_MS);
  });
});
