/** The standing duties of an office: what is due when, and what becomes of the rest when one has run. */
import { describe, expect, test } from "vitest";
import { Duties } from "../../durable-objects/active-controller/duties.ts";
import { settingsOf } from "../../durable-objects/cluster-settings.ts";
import {
  balancePartitionLeaders,
  electUncleanLeaders,
  expireDelegationTokens,
  fenceStaleBrokers,
  initialLiveness,
  markIdleLog,
} from "../../src/metadata/index.ts";
import { world } from "../metadata/world.ts";

const BEGUN_MS = 1_000_000;
const SESSION_OVER_MS = BEGUN_MS + 9_001;
const INTERVAL_MS = 300_000;
const SWEEP_MS = BEGUN_MS + INTERVAL_MS;
// When a quorum may sleep is told in `test/controller/sleep.test.ts`.
const SETTINGS = settingsOf({ settings: { "controller.quorum.sleep.after.ms": 0 } });
const liveness = initialLiveness(world({ brokers: "1 2" }), BEGUN_MS);
const nobody = initialLiveness(world({ brokers: "" }), BEGUN_MS);

describe("a duty", () => {
  test("is due when the session of a broker has ended, and not before", () => {
    const duties = new Duties(liveness, BEGUN_MS, SETTINGS);
    expect(duties.nextAtMs).toBe(SESSION_OVER_MS);
    expect(duties.takeDue(liveness, SESSION_OVER_MS - 1, BEGUN_MS)).toEqual([]);
    expect(duties.takeDue(liveness, SESSION_OVER_MS, BEGUN_MS)).toHaveLength(1);
  });

  test.each([
    { kind: "failed", cause: "a defect" },
    { kind: "refused", reason: "overloaded" },
  ] as const)("that $kind rests before it is run again, and is not forgotten", (outcome) => {
    const duties = new Duties(liveness, BEGUN_MS, SETTINGS);
    expect(duties.ran(fenceStaleBrokers.rule, outcome, SESSION_OVER_MS)).toBe(true);
    const again = duties.nextAtMs;
    expect(again).toBe(SESSION_OVER_MS + 250);
    expect(duties.takeDue(liveness, again - 1, BEGUN_MS)).toEqual([]);
    expect(duties.takeDue(liveness, again, BEGUN_MS)).toHaveLength(1);
  });

  test("looks leaders over once an interval, and again at once when one run was not enough", () => {
    const duties = new Duties(nobody, BEGUN_MS, SETTINGS);
    expect(duties.nextAtMs).toBe(SWEEP_MS);
    expect(duties.takeDue(nobody, SWEEP_MS, BEGUN_MS)).toHaveLength(2);
    expect(duties.nextAtMs).toBe(SWEEP_MS + INTERVAL_MS);
    const bounded = { kind: "committed", response: { isBounded: true }, endOffset: 7 } as const;
    expect(duties.ran(balancePartitionLeaders.rule, bounded, SWEEP_MS + 5)).toBe(true);
    expect(duties.nextAtMs).toBe(SWEEP_MS + 5);
    expect(duties.takeDue(nobody, SWEEP_MS + 5, BEGUN_MS)).toEqual([balancePartitionLeaders.rule]);
  });

  test("looks at the contacts when a session could have ended first, and is put off by what it finds", () => {
    const duties = new Duties(liveness, BEGUN_MS, SETTINGS);
    duties.contactsChanged(liveness, BEGUN_MS + 5_000);
    expect(duties.nextAtMs).toBe(SESSION_OVER_MS);
    const heard = initialLiveness(world({ brokers: "1 2" }), BEGUN_MS + 5_000);
    expect(duties.takeDue(heard, SESSION_OVER_MS, BEGUN_MS)).toEqual([]);
    expect(duties.nextAtMs).toBe(SESSION_OVER_MS + 5_000);
  });

  test("is armed by the first broker of a cluster that had none", () => {
    const duties = new Duties(nobody, BEGUN_MS, SETTINGS);
    duties.contactsChanged(liveness, BEGUN_MS + 5_000);
    expect(duties.nextAtMs).toBe(SESSION_OVER_MS + 5_000);
  });

  test("that lost its office, or had nothing left to do, moves nothing", () => {
    const duties = new Duties(nobody, BEGUN_MS, SETTINGS);
    const done = { kind: "committed", response: { isBounded: false }, endOffset: 7 } as const;
    expect(duties.ran(balancePartitionLeaders.rule, { kind: "not-controller" }, BEGUN_MS)).toBe(
      false,
    );
    expect(duties.ran(balancePartitionLeaders.rule, done, BEGUN_MS)).toBe(false);
    expect(duties.nextAtMs).toBe(SWEEP_MS);
  });
});

const due = (duties: Duties, nowMs: number): readonly unknown[] =>
  duties.takeDue(nobody, nowMs, BEGUN_MS);

describe("by the settings of its cluster", () => {
  test("a session has another length", () => {
    const settings = { ...SETTINGS, "broker.session.timeout.ms": 18_000 };
    const duties = new Duties(liveness, BEGUN_MS, settings);
    expect(duties.nextAtMs).toBe(BEGUN_MS + 18_001);
    duties.changeSettings(SETTINGS, liveness, BEGUN_MS + 1_000);
    expect(duties.nextAtMs).toBe(SESSION_OVER_MS);
    duties.contactsChanged(liveness, BEGUN_MS - 5_000);
    expect(duties.nextAtMs).toBe(SESSION_OVER_MS - 5_000);
  });

  test("the two sweeps have intervals of their own", () => {
    const duties = new Duties(nobody, BEGUN_MS, {
      ...SETTINGS,
      "leader.imbalance.check.interval.seconds": 7,
      "unclean.leader.election.interval.ms": 10_000,
    });
    expect(due(duties, BEGUN_MS + 6_999)).toEqual([]);
    expect(due(duties, BEGUN_MS + 7_000)).toEqual([balancePartitionLeaders.rule]);
    expect(due(duties, BEGUN_MS + 10_000)).toEqual([electUncleanLeaders.rule]);
    expect(due(duties, BEGUN_MS + 20_000)).toEqual([
      electUncleanLeaders.rule,
      balancePartitionLeaders.rule,
    ]);
  });

  test("no leader is moved back without auto.leader.rebalance.enable, and unclean ones are elected", () => {
    const settings = { ...SETTINGS, "auto.leader.rebalance.enable": false };
    const duties = new Duties(nobody, BEGUN_MS, settings);
    expect(due(duties, SWEEP_MS)).toEqual([electUncleanLeaders.rule]);
    duties.changeSettings(SETTINGS, nobody, SWEEP_MS + 1_000);
    expect(duties.nextAtMs).toBe(SWEEP_MS + INTERVAL_MS);
    expect(due(duties, SWEEP_MS + INTERVAL_MS)).toEqual([electUncleanLeaders.rule]);
    expect(due(duties, SWEEP_MS + INTERVAL_MS + 1_000)).toEqual([balancePartitionLeaders.rule]);
  });

  test("tokens are looked over one interval after the first came, and not while there are none", () => {
    const settings = {
      ...SETTINGS,
      "auto.leader.rebalance.enable": false,
      "unclean.leader.election.interval.ms": 1_000_000_000,
      "delegation.token.expiry.check.interval.ms": 5_000,
    };
    const duties = new Duties(nobody, BEGUN_MS, settings);
    expect(duties.nextAtMs).toBe(BEGUN_MS + 1_000_000_000);
    duties.tokensChanged(true, BEGUN_MS + 100);
    duties.tokensChanged(true, BEGUN_MS + 900);
    expect(duties.nextAtMs).toBe(BEGUN_MS + 5_100);
    expect(due(duties, BEGUN_MS + 5_099)).toEqual([]);
    expect(due(duties, BEGUN_MS + 5_100)).toEqual([expireDelegationTokens.rule]);
    expect(duties.nextAtMs).toBe(BEGUN_MS + 10_100);
    const bounded = { kind: "committed", response: { isBounded: true }, endOffset: 7 } as const;
    expect(duties.ran(expireDelegationTokens.rule, bounded, BEGUN_MS + 5_200)).toBe(true);
    expect(due(duties, BEGUN_MS + 5_200)).toEqual([expireDelegationTokens.rule]);
    duties.changeSettings(
      { ...settings, "delegation.token.expiry.check.interval.ms": 7_000 },
      nobody,
      BEGUN_MS + 6_000,
    );
    expect(duties.nextAtMs).toBe(BEGUN_MS + 13_000);
    duties.tokensChanged(false, BEGUN_MS + 6_500);
    expect(duties.nextAtMs).toBe(BEGUN_MS + 1_000_000_000);
  });

  test("a change that leaves an interval as it is puts no sweep off", () => {
    const duties = new Duties(nobody, BEGUN_MS, SETTINGS);
    duties.changeSettings({ ...SETTINGS, "num.partitions": 7 }, nobody, SWEEP_MS - 1);
    expect(due(duties, SWEEP_MS)).toHaveLength(2);
  });
});

describe("an idle log is marked (KIP-835)", () => {
  const marking = { ...SETTINGS, "metadata.max.idle.interval.ms": 2_000 };

  test("never, unless the cluster asks for it", () => {
    const duties = new Duties(liveness, BEGUN_MS, SETTINGS);
    duties.contactsChanged(liveness, BEGUN_MS);
    expect(duties.takeDue(liveness, SWEEP_MS - 1, BEGUN_MS)).not.toContain(markIdleLog.rule);
  });

  test("an interval after it was written to, and again after every other", () => {
    const duties = new Duties(liveness, BEGUN_MS, marking);
    expect(duties.nextAtMs).toBe(BEGUN_MS + 2_000);
    expect(duties.takeDue(liveness, BEGUN_MS + 1_999, BEGUN_MS)).toEqual([]);
    expect(duties.takeDue(liveness, BEGUN_MS + 2_000, BEGUN_MS)).toEqual([markIdleLog.rule]);
    expect(duties.nextAtMs).toBe(BEGUN_MS + 4_000);
    expect(duties.takeDue(liveness, BEGUN_MS + 4_000, BEGUN_MS + 2_000)).toEqual([
      markIdleLog.rule,
    ]);
  });

  test("what is written meanwhile puts it off, to an interval after that", () => {
    const duties = new Duties(liveness, BEGUN_MS, marking);
    expect(duties.takeDue(liveness, BEGUN_MS + 2_000, BEGUN_MS + 1_500)).toEqual([]);
    expect(duties.nextAtMs).toBe(BEGUN_MS + 3_500);
    expect(duties.takeDue(liveness, BEGUN_MS + 3_500, BEGUN_MS + 1_500)).toEqual([
      markIdleLog.rule,
    ]);
  });

  test("not while no broker is there, and no timer waits for it", () => {
    const duties = new Duties(nobody, BEGUN_MS, marking);
    expect(duties.nextAtMs).toBe(SWEEP_MS);
    duties.contactsChanged(liveness, BEGUN_MS + 5_000);
    expect(duties.nextAtMs).toBe(BEGUN_MS + 7_000);
    expect(duties.takeDue(nobody, BEGUN_MS + 7_000, BEGUN_MS)).toEqual([]);
    expect(duties.nextAtMs).toBe(BEGUN_MS + 14_001);
  });

  test("from when it is asked for, and not any more from when it is not", () => {
    const duties = new Duties(liveness, BEGUN_MS, SETTINGS);
    duties.changeSettings(marking, liveness, BEGUN_MS + 1_000);
    expect(duties.nextAtMs).toBe(BEGUN_MS + 3_000);
    duties.changeSettings(SETTINGS, liveness, BEGUN_MS + 2_000);
    expect(duties.nextAtMs).toBe(SESSION_OVER_MS);
  });

  test("a clock that went back stops nothing", () => {
    const duties = new Duties(liveness, BEGUN_MS, marking);
    const ahead = BEGUN_MS + 1_000_000;
    expect(duties.takeDue(liveness, BEGUN_MS + 2_000, ahead)).toEqual([]);
    expect(duties.nextAtMs).toBe(BEGUN_MS + 4_000);
  });
});
