/** The bill: what the price list says, whatever the load. */
import { describe, expect, test } from "vitest";
import { billOf, PRICES, usageOf, type Life, type Load } from "../../command/cost/bill.ts";

const IDLE: Load = { voters: 3, brokers: 0, gateways: 0, createsPerHour: 0 };

/** In a minute, through one gateway. */
function messages(brokers: number): number {
  const { objectRequests, workerRequests } = usageOf({ ...IDLE, brokers, gateways: 1 }, "awake");
  // What the gateway asks the Worker, that asks of each voter.
  const asked = IDLE.voters * workerRequests;
  return (objectRequests - usageOf(IDLE, "awake").objectRequests - asked) / 43_200;
}

const usdOf = (load: Partial<Load>, life: Life): number =>
  billOf(usageOf({ ...IDLE, ...load }, life)).usd;

describe("the bill of a month", () => {
  test("of three objects that are always awake is $12.44, and $1.54 for what they ask each other", () => {
    const { lines, usd } = billOf(usageOf(IDLE, "awake"));
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
    const one = billOf(usageOf({ ...IDLE, voters: 1 }, "awake"));
    expect(one.usd).toBeGreaterThan(4);
    expect(one.netUsd).toBe(0);
  });

  test("takes what was counted where it was counted", () => {
    const perRequest = PRICES.object_requests.messages_per_request;
    expect(messages(3) * perRequest).toBeCloseTo(84, 6);
    expect(messages(100) * perRequest).toBeCloseTo(115, 6);
  });

  test("asleep within the goals: nothing without brokers, $0.14 with three, $1.74 with a hundred", () => {
    const usd = (brokers: number): number =>
      usdOf({ brokers, gateways: Math.max(1, brokers) }, "asleep");
    expect(usd(0)).toBeLessThan(0.01);
    expect(usdOf({}, "asleep")).toBe(0);
    expect(usd(3)).toBeLessThan(0.15);
    expect(usd(100)).toBeLessThan(2);
  });

  test("asleep nears that of one awake as more is written", () => {
    expect(usdOf({ brokers: 3, gateways: 3, createsPerHour: 1 }, "asleep")).toBeLessThan(
      usdOf({ brokers: 3, gateways: 3, createsPerHour: 1 }, "awake") / 50,
    );
    const busy = { brokers: 3, gateways: 3, createsPerHour: 3_600 };
    expect(usdOf(busy, "asleep") / usdOf(busy, "awake")).toBeCloseTo(1, 1);
  });

  test.each<Life>(["awake", "asleep"])("%s never falls when there is more", (life) => {
    const steps = [0, 1, 2, 3, 10, 99, 100, 101, 1_000];
    const rising = (loads: readonly Partial<Load>[]): void => {
      const bills = loads.map((load) => billOf(usageOf({ ...IDLE, ...load }, life)).usd);
      expect(bills).toEqual(bills.toSorted((left, right) => left - right));
    };
    rising(steps.map((brokers) => ({ brokers, gateways: 3 })));
    rising(steps.map((createsPerHour) => ({ createsPerHour, brokers: 3 })));
    rising([1, 2, 3, 4, 5, 6, 7].map((voters) => ({ voters, brokers: 3, createsPerHour: 10 })));
  });
});
