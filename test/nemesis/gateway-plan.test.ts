import { describe, expect, test } from "vitest";
import { GATEWAY_KINDS, gatewayPlanOf } from "./gateway-plan.ts";

const MINUTE = 60_000;

describe("a plan of faults at gateways", () => {
  test("is the same for the same seed, and another for another", () => {
    expect(gatewayPlanOf(7, 2 * MINUTE, 2)).toEqual(gatewayPlanOf(7, 2 * MINUTE, 2));
    expect(gatewayPlanOf(7, 2 * MINUTE, 2)).not.toEqual(gatewayPlanOf(8, 2 * MINUTE, 2));
  });

  test("has every kind and strikes every gateway, in two minutes already", () => {
    for (let seed = 1; seed <= 50; seed += 1) {
      const plan = gatewayPlanOf(seed, 2 * MINUTE, 2);
      expect(new Set(plan.map(({ kind }) => kind))).toEqual(new Set(GATEWAY_KINDS));
      expect(new Set(plan.map(({ victim }) => victim))).toEqual(new Set([0, 1]));
      expect(plan.length).toBeGreaterThan(20);
    }
  });

  test("lets no gateway stand still for longer than half a session: who lives is not to be fenced for it", () => {
    for (let seed = 1; seed <= 50; seed += 1)
      for (const { kind, atMs, lastsMs } of gatewayPlanOf(seed, 2 * MINUTE, 2)) {
        if (kind === "gateway-pause") expect(lastsMs).toBeLessThanOrEqual(5_000);
        expect(atMs + lastsMs).toBeLessThan(2 * MINUTE);
      }
  });
});
