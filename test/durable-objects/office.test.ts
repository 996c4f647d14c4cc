/** The standing duties of an office: what is due when, and what a failed one does to the rest. */
import { describe, expect, test } from "vitest";
import { dueDuties, firstDuties, nextDutyAt, rested } from "../../durable-objects/office.ts";
import { initialLiveness } from "../../src/metadata/index.ts";
import { world } from "../metadata/world.ts";

const BEGUN_MS = 1_000_000;
const SESSION_OVER_MS = BEGUN_MS + 9_001;
const liveness = initialLiveness(world({ brokers: "1 2" }), BEGUN_MS);

describe("a duty", () => {
  test("is due when the session of a broker has ended, and not before", () => {
    const duties = firstDuties(BEGUN_MS);
    expect(nextDutyAt(duties, liveness)).toBe(SESSION_OVER_MS);
    expect(dueDuties(duties, liveness, SESSION_OVER_MS - 1).due).toEqual([]);
    expect(dueDuties(duties, liveness, SESSION_OVER_MS).due).toHaveLength(1);
  });

  test("that failed rests before it is run again, and is not forgotten", () => {
    const duties = rested(firstDuties(BEGUN_MS), SESSION_OVER_MS);
    const again = nextDutyAt(duties, liveness);
    expect(again).toBe(SESSION_OVER_MS + 1_000);
    expect(dueDuties(duties, liveness, again - 1).due).toEqual([]);
    expect(dueDuties(duties, liveness, again).due).toHaveLength(1);
  });
});
