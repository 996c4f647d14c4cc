/**
 * FenceBroker: a session that an operator ends. Whatever the cluster, it writes what the session's own end writes, and
 * a broker that is alive is back with its next heartbeat.
 */
import { describe, expect, test } from "vitest";
import { BOUNDED_BATCH_RECORDS } from "../../../src/metadata/control/batch-bound.ts";
import { nextFencingDeadline } from "../../../src/metadata/liveness/broker-heartbeats.ts";
import { directoryOf, officeOf, registrationOf, SESSION_MS, type Office } from "../office.ts";
import { expectLiveLeaders, line, type WorldSpec } from "../world.ts";

const NOBODY = Number.POSITIVE_INFINITY;
const fence = (office: Office, brokerId = 1) => office.ask("FenceBroker", { brokerId });

/** What is written when broker 1 alone is silent for a session. */
function silenced(spec: WorldSpec): Office {
  const office = officeOf(spec);
  office.nowMs = 1;
  for (const [id, { fenced }] of office.view.cluster.brokers)
    if (id !== 1 && !fenced) office.heartbeat(id);
  office.pass(SESSION_MS + 1);
  return office;
}

const UNCLEAN = { "topic:t": { "unclean.leader.election.enable": "true" } };
const MIN_TWO = { "broker:": { "min.insync.replicas": "2" } };

const WORLDS: readonly (readonly [string, WorldSpec])[] = [
  [
    "leads and follows",
    { brokers: "1 2 3", topics: { t: ["1,2 / 1,2 / 1", "2,1 / 1,2 / 2", "2,3 / 2,3 / 2"] } },
  ],
  ["is the last in sync", { brokers: "1 2", topics: { t: ["1,2 / 1 / 1"] } }],
  [
    "is the last in sync, of a topic that may be led uncleanly",
    { brokers: "1 2", topics: { t: ["1,2 / 1 / 1"] }, configs: UNCLEAN },
  ],
  [
    "takes the ISR below its minimum, and stays eligible",
    {
      elr: true,
      brokers: "1 2 3",
      configs: MIN_TWO,
      topics: { t: ["1,2,3 / 1,2 / 1", "2,1 / 1,2 / 2", "1,2,3 / 1 / 1 ; elr 2"] },
    },
  ],
  ["holds nothing", { brokers: "1 2", topics: { t: ["2 / 2 / 2"] } }],
  ["is alone", { brokers: "1", topics: { t: ["1 / 1 / 1"] } }],
  ["is beside one that is fenced", { brokers: "1 2f", topics: { t: ["1,2 / 1 / 1"] } }],
];

describe("a broker that", () => {
  test.each(WORLDS)("%s is fenced by what the end of its session writes", (_, spec) => {
    const expected = silenced(spec);
    const office = officeOf(spec);
    expect(fence(office)).toEqual({
      throttleTimeMs: 0,
      errorCode: 0,
      errorMessage: null,
      wasFenced: false,
      partitionsChanged: expected.records.length - 1,
    });
    expect(office.records).toEqual(expected.records);
    expect(office.wrote.at(-1)).toBe("broker 1 v0 fenced 1");
    expectLiveLeaders(office.view);
  });
});

test("the partitions go on without it, and then it is fenced", () => {
  const office = officeOf({ brokers: "1 2", topics: { t: ["1,2 / 1,2 / 1", "2,1 / 2,1 / 2"] } });
  expect(fence(office).partitionsChanged).toBe(2);
  expect(line(office.view, "t", 0)).toBe("1,2 / 2 / 2 / 1 / 1");
  expect(line(office.view, "t", 1)).toBe("2,1 / 2 / 2 / 0 / 1");
});

test("it stays an eligible leader where the ISR falls below its minimum: its log is trusted", () => {
  const topics = { t: ["1,2,3 / 1,2 / 1", "1,2 / 1 / 1"] };
  const office = officeOf({ elr: true, brokers: "1 2 3", configs: MIN_TWO, topics });
  fence(office);
  expect(line(office.view, "t", 0)).toBe("1,2,3 / 2 / 2 / 1 / 1 ; elr 1");
  expect(line(office.view, "t", 1)).toBe("1,2 / - / -1 / 1 / 1 ; elr 1 ; last 1");
});

test("its session is over: no deadline is left behind, and it is not fenced twice", () => {
  const office = officeOf({ brokers: "1" });
  fence(office);
  expect(office.liveness.contacts.has(1)).toBe(false);
  expect(nextFencingDeadline(office.liveness, SESSION_MS)).toBe(NOBODY);
  expect(office.pass(10 * SESSION_MS)).toBe(0);
});

test("one that is alive is back with its next heartbeat, and has a whole session", () => {
  const office = officeOf({ brokers: "1 2", topics: { t: ["1,2 / 1,2 / 1"], u: ["1 / 1 / 1"] } });
  fence(office);
  expect(line(office.view, "u")).toBe("1 / 1 / -1 / 1 / 1");
  office.nowMs = 2_000;
  expect(office.heartbeat(1)).toBe("caught up, unfenced");
  expect(line(office.view, "t")).toBe("1,2 / 2 / 2 / 1 / 1");
  expect(line(office.view, "u")).toBe("1 / 1 / 1 / 2 / 2");
  office.heartbeat(2);
  expect(nextFencingDeadline(office.liveness, SESSION_MS)).toBe(2_000 + SESSION_MS + 1);
});

test("another incarnation need not wait for the session of one that was fenced so", () => {
  const office = officeOf({ brokers: "1 2" });
  office.heartbeat(1);
  const register = (): number =>
    office.ask("BrokerRegistration", { ...registrationOf(1), incarnationId: directoryOf(77) })
      .errorCode;
  expect(register()).toBe(101);
  fence(office);
  expect(register()).toBe(0);
});

test("one that is fenced already is said to be, and nothing is written", () => {
  const office = officeOf({ brokers: "1f 2", topics: { t: ["1,2 / 2 / 2"] } });
  office.heartbeat(1, { wantFence: true });
  const { liveness } = office;
  expect(fence(office)).toMatchObject({ errorCode: 0, wasFenced: true, partitionsChanged: 0 });
  expect(office.records).toEqual([]);
  expect(office.liveness).toBe(liveness);
});

test("one that shuts down is fenced too, and told to stop when it calls again", () => {
  const office = officeOf({ brokers: "1 2", topics: { t: ["1 / 1 / 1"] } });
  office.heartbeat(1, { wantShutDown: true });
  expect(fence(office)).toMatchObject({ errorCode: 0, wasFenced: false });
  expect(office.heartbeat(1, { wantShutDown: true })).toBe("caught up, fenced, stop");
});

test("of a broker that nobody registered it says so", () => {
  const office = officeOf({ brokers: "1" });
  expect(fence(office, 7)).toMatchObject({
    errorCode: 102,
    errorMessage: "Broker ID 7 is not currently registered",
  });
  expect(office.records).toEqual([]);
  expect(office.liveness.contacts.has(1)).toBe(true);
});

test("of one with more partitions than one batch holds it is to be asked again", () => {
  const lines = Array.from({ length: BOUNDED_BATCH_RECORDS }, () => "1,2 / 1,2 / 1");
  const office = officeOf({ brokers: "1 2", topics: { big: lines } });
  expect(fence(office)).toMatchObject({
    errorCode: 7,
    errorMessage: "Broker 1 has more partitions than one request can take from it; ask again.",
  });
  expect(office.records).toHaveLength(BOUNDED_BATCH_RECORDS);
  expect(office.view.cluster.brokers.get(1)?.fenced).toBe(false);
  // Were nobody to ask again, its silence would still fence it.
  expect(office.liveness.contacts.has(1)).toBe(true);
  expect(fence(office)).toMatchObject({ errorCode: 0, wasFenced: false, partitionsChanged: 0 });
  expect(office.wrote).toEqual(["broker 1 v0 fenced 1"]);
});
