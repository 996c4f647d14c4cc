/** The bill: what the price list says, whatever the load. */
import { describe, expect, test } from "vitest";
import { billOf, usageAwake, usageOf, type Load } from "../../client/bill.ts";
import { PRICES } from "../../client/price-list.ts";

const IDLE: Load = { voters: 3, brokers: 0, gateways: 1, createsPerHour: 0 };

const usdOf = (load: Partial<Load>): number => billOf(usageOf({ ...IDLE, ...load })).usd;
const usdAwake = (load: Partial<Load>): number => billOf(usageAwake({ ...IDLE, ...load })).usd;

/** In a minute, through one gateway. */
function messages(brokers: number): number {
  const { objectRequests, workerRequests } = usageAwake({ ...IDLE, brokers });
  // What the gateway asks the Worker, that asks of each voter.
  const asked = IDLE.voters * workerRequests;
  return (objectRequests - usageAwake(IDLE).objectRequests - asked) / 43_200;
}

describe("the bill of a month", () => {
  test("of three objects that are always awake is $12.44, and $1.54 for what they ask each other", () => {
    const { lines, usd } = billOf(usageAwake(IDLE));
    const of = (what: string): number =>
      lines.find((line) => line.what === what)?.usd ?? Number.NaN;
    expect(of("objects awake")).toBeCloseTo(12.44, 2);
    expect(of("requests to objects")).toBeCloseTo(1.54, 2);
    expect(of("requests to the Worker")).toBe(0);
    expect(usd).toBeCloseTo(
      lines.reduce((sum, line) => sum + line.usd, 0),
      10,
    );
  });

  test("leaves out what the plan includes, and never less than nothing", () => {
    const one = billOf(usageAwake({ ...IDLE, voters: 1 }));
    expect(one.usd).toBeGreaterThan(4);
    expect(one.netUsd).toBe(0);
  });

  test("takes what was counted where it was counted", () => {
    const perRequest = PRICES.object_requests.messages_per_request;
    expect(messages(1) * perRequest).toBeCloseTo(30, 6);
    expect(messages(3) * perRequest).toBeCloseTo(60, 6);
    expect(messages(100) * perRequest).toBeCloseTo(115, 6);
  });

  test("of one that sleeps is nothing without brokers, and within the goals with three and a hundred", () => {
    expect(usdOf({})).toBe(0);
    expect(usdOf({ brokers: 3, gateways: 3 })).toBeLessThan(0.15);
    expect(usdOf({ brokers: 100, gateways: 100 })).toBeLessThan(2);
  });

  test("nears that of one awake as more is written", () => {
    const busy = { brokers: 3, gateways: 3, createsPerHour: 3_600 };
    expect(usdOf(busy) / usdAwake(busy)).toBeCloseTo(1, 1);
    const quiet = { ...busy, createsPerHour: 1 };
    expect(usdOf(quiet)).toBeLessThan(usdAwake(quiet) / 50);
  });

  test("never falls when there is more", () => {
    const steps = [0, 1, 2, 3, 10, 99, 100, 101, 1_000];
    const awake = steps.map((brokers) => usdAwake({ brokers, gateways: 3 }));
    expect(awake).toEqual(awake.toSorted((left, right) => left - right));
    // The sessions of a single broker have no other's heartbeats for a clock, and cost an alarm each.
    const asleep = steps.slice(2).map((brokers) => usdOf({ brokers, gateways: 3 }));
    expect(asleep).toEqual(asleep.toSorted((left, right) => left - right));
  });
});
