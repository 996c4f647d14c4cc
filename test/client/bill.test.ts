/** The bill: what the price list says, whatever the load. */
import { describe, expect, test } from "vitest";
import { billOf, usageOf, type Load } from "../../client/bill.ts";
import { PRICES } from "../../client/price-list.ts";

const IDLE: Load = { voters: 3, brokers: 0, gateways: 1, createsPerHour: 0 };

/** In a minute, through one gateway. */
function messages(brokers: number): number {
  const { objectRequests, workerRequests } = usageOf({ ...IDLE, brokers });
  return (objectRequests - usageOf(IDLE).objectRequests - workerRequests) / 43_200;
}

describe("the bill of a month", () => {
  test("of three objects that are always awake is $12.44, and $1.55 for what they ask each other", () => {
    const { lines, usd } = billOf(usageOf(IDLE));
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
    const one = billOf(usageOf({ ...IDLE, voters: 1 }));
    expect(one.usd).toBeGreaterThan(4);
    expect(one.netUsd).toBe(0);
  });

  test("takes what was counted where it was counted", () => {
    const perRequest = PRICES.object_requests.messages_per_request;
    expect(messages(3) * perRequest).toBeCloseTo(84, 6);
    expect(messages(100) * perRequest).toBeCloseTo(108, 6);
  });

  test("never falls when there is more", () => {
    const steps = [0, 1, 2, 3, 10, 99, 100, 101, 1_000];
    const bills = steps.map((brokers) => billOf(usageOf({ ...IDLE, brokers, gateways: 3 })).usd);
    expect(bills).toEqual(bills.toSorted((left, right) => left - right));
  });
});
