/**
 * Fencing of brokers that fall silent: when, in which order, in how many batches, and after a change of controller.
 */
import { describe, expect, test } from "vitest";
import { BOUNDED_BATCH_RECORDS } from "../../../src/metadata/control/batch-bound.ts";
import {
  initialLiveness,
  nextFencingDeadline,
} from "../../../src/metadata/liveness/broker-heartbeats.ts";
import { partitionsLedBy } from "../../../src/metadata/image/topics-image.ts";
import { fenceStaleBrokers } from "../../../src/metadata/duties/fence-stale-brokers.ts";
import { officeOf, SESSION_MS } from "../office.ts";
import { expectLiveLeaders, line } from "../world.ts";

const fencedIn = (office: ReturnType<typeof officeOf>): number[] =>
  [...office.view.cluster.brokers.values()].filter(({ fenced }) => fenced).map(({ id }) => id);

test("a broker is fenced one millisecond after its session, and not before", () => {
  const office = officeOf({ brokers: "0 1 2" });
  for (const [id, at] of [
    [0, 0],
    [1, 5],
    [2, 6],
  ] as const) {
    office.nowMs = at;
    office.heartbeat(id);
  }
  expect(nextFencingDeadline(office.liveness, SESSION_MS)).toBe(SESSION_MS + 1);
  office.pass(SESSION_MS);
  expect(fencedIn(office)).toEqual([]);
  office.pass(SESSION_MS + 1);
  expect(fencedIn(office)).toEqual([0]);
  expect(nextFencingDeadline(office.liveness, SESSION_MS)).toBe(SESSION_MS + 6);
  office.pass(SESSION_MS + 100);
  expect(fencedIn(office)).toEqual([0, 1, 2]);
  expect(nextFencingDeadline(office.liveness, SESSION_MS)).toBe(Number.POSITIVE_INFINITY);
});

test("a heartbeat begins a new session", () => {
  const office = officeOf({ brokers: "1 2" });
  office.pass(SESSION_MS);
  office.heartbeat(1);
  office.pass(2 * SESSION_MS);
  expect(fencedIn(office)).toEqual([2]);
});

test("brokers that fall silent together hand nothing to each other (KAFKA-13173)", () => {
  const topics = { t: ["1,2,3 / 1,2,3 / 1", "2,1,3 / 2,1,3 / 2"] };
  const office = officeOf({ brokers: "1 2 3", topics });
  office.nowMs = 1;
  office.heartbeat(3);
  office.pass(SESSION_MS + 1);
  expect(line(office.view, "t", 0)).toMatch(/^1,2,3 \/ 3 \/ 3/);
  expect(line(office.view, "t", 1)).toMatch(/^2,1,3 \/ 3 \/ 3/);
  expectLiveLeaders(office.view);
});

test("none of several silent brokers is elected on the way, least of all uncleanly", () => {
  const configs = { "topic:t": { "unclean.leader.election.enable": "true" } };
  const topics = { t: ["1,2 / 1 / 1"], u: ["1,2,3 / 1,2,3 / 1"] };
  const office = officeOf({ brokers: "1 2 3", topics, configs });
  office.nowMs = 2;
  office.heartbeat(3);
  office.pass(SESSION_MS + 1);
  expect(line(office.view, "t")).toBe("1,2 / 1 / -1 / 1 / 1");
  expect(line(office.view, "u")).toBe("1,2,3 / 3 / 3 / 1 / 2");
});

test("a new controller gives every unfenced broker a whole session, and fences the one that has died (KAFKA-18138)", () => {
  const office = officeOf({ brokers: "1 2 3f", topics: { t: ["1,2 / 1,2 / 1"] } });
  office.nowMs = 50_000;
  office.liveness = initialLiveness(office.view, 50_000);
  expect(nextFencingDeadline(office.liveness, SESSION_MS)).toBe(50_000 + SESSION_MS + 1);
  office.nowMs = 52_000;
  office.heartbeat(2);
  office.pass(50_001 + SESSION_MS);
  expect(fencedIn(office)).toEqual([1, 3]);
  expect(line(office.view, "t")).toBe("1,2 / 2 / 2 / 1 / 1");
});

test("a broker with more partitions than one batch holds is fenced in several, and is fenced in the last", () => {
  const lines = Array.from({ length: 25_000 }, () => "1,2 / 1,2 / 1");
  const office = officeOf({ brokers: "1 2", topics: { big: lines } });
  office.nowMs = 1;
  office.heartbeat(2);
  expect(office.pass(SESSION_MS + 1)).toBe(Math.ceil(25_001 / BOUNDED_BATCH_RECORDS));
  expect(fencedIn(office)).toEqual([1]);
  expect(office.records).toHaveLength(25_001 % BOUNDED_BATCH_RECORDS);
  expect([...partitionsLedBy(office.view.topics, 1)]).toEqual([]);
});

test("a broker with more bytes of partitions than one batch holds is fenced in several, none of them too large", () => {
  const brokers = Array.from({ length: 30 }, (_, id) => id);
  // Every partition is on all brokers: a change names the 29 that stay in sync.
  const isr = (first: number): string => [first, ...brokers.filter((id) => id !== first)].join(",");
  const lines = Array.from({ length: 9_000 }, (_, p) => `${isr(p % 3)} / ${isr(p % 3)} / ${p % 3}`);
  const office = officeOf({ brokers: brokers.join(" "), topics: { wide: lines } });
  office.nowMs = 1;
  for (const id of brokers.slice(1)) office.heartbeat(id);
  const sizes: number[] = [];
  office.onChange = () => sizes.push(office.records.length);
  office.pass(SESSION_MS + 1);
  expect(fencedIn(office)).toEqual([0]);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(9_001);
  // The bytes of each are held against the bound by the office itself; here they are what cuts.
  expect(Math.max(...sizes)).toBeLessThan(BOUNDED_BATCH_RECORDS);
  expect(sizes.length).toBeGreaterThan(9_001 / BOUNDED_BATCH_RECORDS);
  expect([...partitionsLedBy(office.view.topics, 0)]).toEqual([]);
  expectLiveLeaders(office.view);
});

test("two brokers that share a batch's end are fenced one after the other, and neither leads when it is", () => {
  const half = Math.floor(BOUNDED_BATCH_RECORDS * 0.75);
  const lines = Array.from({ length: 2 * half }, (_, p) =>
    p % 2 === 0 ? "1,2,3 / 1,2,3 / 1" : "2,1,3 / 2,1,3 / 2",
  );
  const office = officeOf({ brokers: "1 2 3", topics: { big: lines } });
  office.nowMs = 1;
  office.heartbeat(3);
  office.onChange = () => expectLiveLeaders(office.view);
  office.pass(SESSION_MS + 1);
  expect(fencedIn(office)).toEqual([1, 2]);
  expect([...partitionsLedBy(office.view.topics, 3)]).toHaveLength(2 * half);
});

test("a broker that is heard again while it is being fenced stays", () => {
  const lines = Array.from({ length: 12_000 }, () => "1,2 / 1,2 / 1");
  const office = officeOf({ brokers: "1 2", topics: { big: lines } });
  office.nowMs = 1;
  office.heartbeat(2);
  office.nowMs = SESSION_MS + 1;
  office.fenceOnce();
  expect([...partitionsLedBy(office.view.topics, 1)]).toHaveLength(12_000 - BOUNDED_BATCH_RECORDS);
  expect(office.heartbeat(1)).toBe("caught up, unfenced");
  office.fenceOnce();
  expect(office.records).toEqual([]);
  expect(fencedIn(office)).toEqual([]);
});

test("a controller that stood still fences nobody: every session begins anew, and the dead are fenced when it ends", () => {
  const office = officeOf({ brokers: "1 2", topics: { t: ["1,2 / 1,2 / 1"] } });
  office.nowMs = 2_000;
  office.heartbeat(2);
  const thawedMs = 15_000;
  office.nowMs = thawedMs;
  expect(fenceStaleBrokers.rule(office.view, office.context).response).toEqual({
    isBounded: false,
    stoodStillMs: thawedMs - SESSION_MS - 1,
  });
  office.fenceOnce();
  expect(office.records).toEqual([]);
  expect(nextFencingDeadline(office.liveness, SESSION_MS)).toBe(thawedMs + SESSION_MS + 1);
  office.nowMs = thawedMs + 100;
  office.heartbeat(2);
  office.pass(thawedMs + SESSION_MS + 1);
  expect(fencedIn(office)).toEqual([1]);
  expect(line(office.view, "t")).toBe("1,2 / 2 / 2 / 1 / 1");
});

/** Runs that each come `lateMs` after their deadline, until one fences; `between` is told when each deadline is. */
function lateRuns(
  office: ReturnType<typeof officeOf>,
  lateMs: number,
  between: (deadlineMs: number) => void = () => {},
): number {
  for (let runs = 1; runs <= 5; runs++) {
    const deadlineMs = nextFencingDeadline(office.liveness, SESSION_MS);
    between(deadlineMs);
    office.nowMs = deadlineMs + lateMs;
    office.fenceOnce();
    if (fencedIn(office).length > 0) return runs;
  }
  return Number.POSITIVE_INFINITY;
}

describe("a controller whose timers are always late", () => {
  test.each([501, 2_000, 8_000, 60_000])(
    "by %i ms fences the last broker of a cluster at the second deadline",
    (lateMs) => {
      const office = officeOf({ brokers: "1" });
      expect(lateRuns(office, lateMs)).toBe(2);
    },
  );

  test("fences a dead broker at the first, if another was heard from since that deadline", () => {
    const office = officeOf({ brokers: "1 2 3", topics: { t: ["1,2 / 1,2 / 1"] } });
    const runs = lateRuns(office, 6_000, (deadlineMs) => {
      for (const [id, atMs] of [
        [2, deadlineMs - 500],
        [3, deadlineMs + 1_500],
      ] as const) {
        office.nowMs = atMs;
        office.heartbeat(id);
      }
    });
    expect([runs, fencedIn(office)]).toEqual([1, [1]]);
    expect(line(office.view, "t")).toBe("1,2 / 2 / 2 / 1 / 1");
  });

  test("fences at the second deadline, if the others were heard from before the first or only just now", () => {
    const office = officeOf({ brokers: "1 2 3" });
    const runs = lateRuns(office, 6_000, (deadlineMs) => {
      for (const [id, atMs] of [
        [2, deadlineMs - 1],
        [3, deadlineMs + 1_501],
      ] as const) {
        office.nowMs = atMs;
        office.heartbeat(id);
      }
    });
    expect([runs, fencedIn(office)]).toEqual([2, [1]]);
  });

  test("spares a broker anew once it was heard from", () => {
    const office = officeOf({ brokers: "1" });
    const runs = lateRuns(office, 5_000, (deadlineMs) => {
      office.nowMs = deadlineMs - SESSION_MS;
      office.heartbeat(1);
    });
    expect(runs).toBe(Number.POSITIVE_INFINITY);
  });
});

test("after a standstill nobody is fenced while the heartbeats at the door come in", () => {
  const office = officeOf({ brokers: "1 2 3" });
  for (const id of [1, 2, 3]) {
    office.nowMs = 100 * id;
    office.heartbeat(id);
  }
  const thawedMs = 40_000;
  for (const [id, afterMs] of [
    [2, 5],
    [3, 2_000],
    [1, 4_000],
  ] as const) {
    office.nowMs = thawedMs + afterMs;
    office.heartbeat(id);
    expect(fencedIn(office)).toEqual([]);
  }
  office.fenceOnce();
  expect(fencedIn(office)).toEqual([]);
  expect(office.records).toEqual([]);
});

test("what a broker has said of its log and its shutdown outlives a standstill", () => {
  const office = officeOf({ brokers: "1 2", topics: { t: ["1,2 / 1,2 / 1"] } });
  office.heartbeat(2, { currentMetadataOffset: 7 });
  office.heartbeat(1, { wantShutDown: true });
  const before = office.liveness.contacts;
  office.nowMs = 2 * SESSION_MS;
  office.fenceOnce();
  for (const [id, contact] of office.liveness.contacts) {
    const spared = { lastContactMs: 2 * SESSION_MS, isSpared: true };
    expect(contact).toEqual({ ...before.get(id), ...spared });
  }
});

test("a run that is a moment late fences as if it had come in time", () => {
  const office = officeOf({ brokers: "1 2" });
  office.nowMs = 1_000;
  office.heartbeat(2);
  office.nowMs = SESSION_MS + 1 + 500;
  office.fenceOnce();
  expect(fencedIn(office)).toEqual([1]);
});

test("fencing in several batches is not late because it takes its time", () => {
  const lines = Array.from({ length: 25_000 }, () => "1,2 / 1,2 / 1");
  const office = officeOf({ brokers: "1 2", topics: { big: lines } });
  office.nowMs = SESSION_MS;
  office.heartbeat(2);
  for (let batch = 0; batch < 25_001 / BOUNDED_BATCH_RECORDS; batch++) {
    office.nowMs = SESSION_MS + 1 + 400 * batch;
    office.fenceOnce();
  }
  expect(fencedIn(office)).toEqual([1]);
});

test("contacts of brokers that are gone leave no deadline behind", () => {
  const office = officeOf({ brokers: "1 2" });
  office.ask("UnregisterBroker", { brokerId: 1 });
  office.heartbeat(2, { wantFence: true });
  expect(nextFencingDeadline(office.liveness, SESSION_MS)).toBe(Number.POSITIVE_INFINITY);
});
