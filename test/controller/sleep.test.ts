/**
 * A quorum that sleeps, as its objects see it: which events there are, what they set their alarms for, what is answered
 * without waking, and what wakes whom. Three controllers in Node, in one time.
 */
import { describe, expect, test } from "vitest";
import type {
  Operation,
  Outcome,
} from "../../durable-objects/active-controller/active-controller.ts";
import { fenceBroker } from "../../src/metadata/control/fence-broker.ts";
import { heartbeat } from "../../src/metadata/control/broker-heartbeat.ts";
import {
  BrokerHeartbeat,
  type BrokerHeartbeatResponse,
  type FenceBrokerResponse,
} from "../../src/protocol/index.ts";
import { Quorum, type QuorumNode, writing } from "./quorum.ts";
import { broker } from "./broker-record.ts";

const MINUTE_MS = 60_000;

const beat =
  (brokerId: number, brokerEpoch: number): Operation<BrokerHeartbeatResponse> =>
  (view, context) => {
    const request = BrokerHeartbeat.request.fill({ brokerId, brokerEpoch });
    return heartbeat.run(view, request, context);
  };

const fence =
  (brokerId: number): Operation<FenceBrokerResponse> =>
  (view, context) =>
    fenceBroker.run(view, { brokerId }, context);

const isAsleep = ({ up }: QuorumNode): boolean => up.asleepSinceMs !== null;

/** Three voters, asleep since a moment ago. */
function asleep(settings: ConstructorParameters<typeof Quorum>[1] = {}, voters = 3): Quorum {
  const quorum = new Quorum(voters, settings);
  quorum.pass(20_000);
  expect(quorum.nodes.every(isAsleep)).toBe(true);
  return quorum;
}

/** How many events the nodes have while `happens`. */
function eventsOf(quorum: Quorum, happens: () => void): number {
  const count = (): number => quorum.nodes.reduce((sum, { events }) => sum + events, 0);
  const before = count();
  happens();
  return count() - before;
}

/** What a heartbeat of each of `brokers` comes to, every two seconds for so long, at who leads. */
function beats(quorum: Quorum, brokers: readonly number[], forMs: number): readonly string[] {
  const kinds: string[] = [];
  for (let passed = 0; passed < forMs; passed += 2_000) {
    for (const id of brokers)
      quorum.leader.up.submit(beat(id, 100 + id), 1, ({ kind }) => kinds.push(kind));
    quorum.pass(2_000);
  }
  return kinds;
}

const isFenced = (quorum: Quorum, id: number): boolean | undefined =>
  quorum.leader.up.committedImage.cluster.brokers.get(id)?.fenced;

function withBrokers(...ids: readonly number[]): Quorum {
  const quorum = new Quorum(3, {});
  quorum.submit(writing(...ids.map((id) => broker(id, 100 + id))));
  beats(quorum, ids, 20_000);
  expect(quorum.nodes.every(isAsleep)).toBe(true);
  return quorum;
}

describe("a quorum without brokers", () => {
  test("has no event before the snapshot that is due after an hour, and none after it for a day", () => {
    const quorum = asleep();
    expect(eventsOf(quorum, () => quorum.pass(58 * MINUTE_MS))).toBe(0);
    quorum.pass(5 * MINUTE_MS);
    expect(quorum.nodes.map(({ snapshots }) => snapshots.length)).toEqual([1, 1, 1]);
    expect(quorum.nodes.every(isAsleep)).toBe(true);
    expect(eventsOf(quorum, () => quorum.pass(20 * 60 * MINUTE_MS))).toBe(0);
  });

  test("sleeps after as long as is set, and not while it is forbidden", () => {
    const quorum = new Quorum(3, { "controller.quorum.sleep.after.ms": 60_000 });
    quorum.pass(50_000);
    expect(quorum.nodes.some(isAsleep)).toBe(false);
    quorum.pass(15_000);
    expect(quorum.nodes.every(isAsleep)).toBe(true);
    const awake = new Quorum(3, { "controller.quorum.sleep.after.ms": 0 });
    awake.pass(10 * MINUTE_MS);
    expect(awake.nodes.some(isAsleep)).toBe(false);
  });

  test("wakes for a write, and commits it", () => {
    const quorum = asleep();
    quorum.pass(10 * MINUTE_MS);
    expect(quorum.submit(writing(broker(1, 101))).kind).toBe("committed");
    quorum.pass(100);
    expect(quorum.nodes.some(isAsleep)).toBe(false);
    expect(quorum.nodes.map(({ up }) => up.committedEnd)).toEqual(
      quorum.nodes.map(() => quorum.leader.up.committedEnd),
    );
  });

  test("is led again when who led was restarted in its sleep, and somebody wants something", () => {
    const quorum = asleep();
    const { leader } = quorum;
    quorum.crash(leader);
    quorum.boot(leader);
    quorum.pass(100);
    expect(isAsleep(leader)).toBe(true);
    expect(eventsOf(quorum, () => quorum.pass(10 * MINUTE_MS))).toBe(0);
    const outcomes: string[] = [];
    leader.up.submit(writing(broker(1, 101)), 0, ({ kind }) => outcomes.push(kind));
    expect(outcomes).toEqual(["not-controller"]);
    quorum.pass(300);
    expect(quorum.submit(writing(broker(1, 101))).kind).toBe("committed");
  });

  test("is led again when who led is gone, and somebody asks another", () => {
    const quorum = asleep();
    const { leader } = quorum;
    quorum.crash(leader);
    expect(eventsOf(quorum, () => quorum.pass(10 * MINUTE_MS))).toBe(0);
    const [other] = quorum.nodes.filter((node) => node !== leader);
    other?.up.submit(writing(broker(1, 101)), 0, () => undefined);
    quorum.pass(3_000);
    expect(quorum.leader).not.toBe(leader);
    expect(quorum.submit(writing(broker(1, 101))).kind).toBe("committed");
  });

  test("answers a linearizable read asleep", () => {
    const quorum = asleep();
    quorum.pass(10 * MINUTE_MS);
    const told: string[] = [];
    quorum.leader.up.readIndex(({ kind }) => told.push(kind));
    quorum.pass(100);
    expect(told).toEqual(["ready"]);
    expect(quorum.nodes.every(isAsleep)).toBe(true);
  });
});

describe("a quorum with brokers", () => {
  test("sleeps through heartbeats, fences nobody, and sets an alarm a minute at most", () => {
    const quorum = withBrokers(1, 2, 3);
    const alarms = quorum.nodes.reduce((sum, node) => sum + node.alarms, 0);
    const kinds = beats(quorum, [1, 2, 3], 10 * MINUTE_MS);
    expect(new Set(kinds)).toEqual(new Set(["committed"]));
    expect(quorum.nodes.every(isAsleep)).toBe(true);
    expect([1, 2, 3].map((id) => isFenced(quorum, id))).toEqual([false, false, false]);
    expect(quorum.nodes.reduce((sum, node) => sum + node.alarms, 0) - alarms).toBeLessThan(12);
  });

  test("fences one that dies within its session and a second", () => {
    const quorum = withBrokers(1, 2, 3);
    beats(quorum, [1, 2, 3], MINUTE_MS);
    const diedAt = quorum.time.nowMs - 2_000;
    while (isFenced(quorum, 3) === false && quorum.time.nowMs < diedAt + 20_000)
      beats(quorum, [1, 2], 500);
    expect(isFenced(quorum, 3)).toBe(true);
    expect(quorum.time.nowMs - diedAt).toBeLessThanOrEqual(9_000 + 2_500);
  });

  test("wakes for an operator who ends the session of one, and not again when it would have ended", () => {
    const quorum = withBrokers(1, 2);
    const said: Outcome<FenceBrokerResponse>[] = [];
    quorum.leader.up.submit(fence(1), 0, (outcome) => said.push(outcome));
    expect(quorum.nodes.every(isAsleep)).toBe(false);
    quorum.pass(1_000);
    expect(said).toMatchObject([{ kind: "committed", response: { wasFenced: false } }]);
    expect([1, 2].map((id) => isFenced(quorum, id))).toEqual([true, false]);
    const end = quorum.leader.up.committedEnd;
    beats(quorum, [2], 30_000);
    expect(quorum.leader.up.committedEnd).toBe(end);
    expect(quorum.nodes.every(isAsleep)).toBe(true);
  });

  test("fences its only one on time", () => {
    const quorum = withBrokers(1);
    beats(quorum, [1], MINUTE_MS);
    quorum.pass(7_500);
    expect(isFenced(quorum, 1)).toBe(true);
  });

  test("fences them all when all fall silent at once, in a minute and two sessions", () => {
    const quorum = withBrokers(1, 2, 3);
    quorum.pass(60_000 + 18_000 + 1_000);
    expect([1, 2, 3].map((id) => isFenced(quorum, id))).toEqual([true, true, true]);
  });

  test("makes sure that it leads, twice a minute, before it tells brokers that they live", () => {
    const quorum = withBrokers(1, 2);
    const { leader } = quorum;
    for (const { id } of quorum.nodes) if (id !== leader.id) quorum.cut.add(id);
    const kinds: string[] = [];
    // Both beat: a session that ends would wake it as well.
    for (let passed = 0; passed < 40_000; passed += 2_000) {
      for (const id of [1, 2])
        leader.up.submit(beat(id, 100 + id), 1, ({ kind }: Outcome<unknown>) => kinds.push(kind));
      quorum.pass(2_000);
    }
    expect(kinds.at(0)).toBe("committed");
    expect(kinds.at(-1)).toBe("not-controller");
    expect(isAsleep(leader)).toBe(false);
  });
});
