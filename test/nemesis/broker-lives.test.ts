import { describe, expect, test } from "vitest";
import type { LogLine } from "../../client/cluster-client.ts";
import {
  complaintAboutFencing,
  complaintAboutInvented,
  complaintAboutRequests,
  fencingChangesOf,
  type BrokerEvidence,
} from "./broker-lives.ts";

const line = (type: string, data: LogLine["data"], timestamp_ms = 0, offset = 0): LogLine => ({
  offset,
  leader_epoch: 1,
  timestamp_ms,
  type,
  version: 0,
  data,
});

const fencing = (fenced: number, atMs: number): LogLine =>
  line("BROKER_REGISTRATION_CHANGE_RECORD", { brokerId: 11, brokerEpoch: 5, fenced }, atMs, 40);

const beat = (sentMs: number, answeredMs = sentMs + 5) => ({ sentMs, answeredMs, isFenced: false });

const told = (asked: Partial<BrokerEvidence["asked"]>): BrokerEvidence => ({
  id: 11,
  beats: [],
  asked: {
    created: [],
    producerIdsAsked: 0,
    producerIdsRefused: 0,
    producerIds: [],
    complaints: [],
    ...asked,
  },
});

const blocks = (times: number): readonly LogLine[] =>
  Array.from({ length: times }, () => line("PRODUCER_IDS_RECORD", { brokerId: 11 }));

describe("who was fenced", () => {
  const changes = fencingChangesOf([
    fencing(1, 1_020_000),
    fencing(-1, 1_021_000),
    line("BROKER_REGISTRATION_CHANGE_RECORD", { brokerId: 11, fenced: 0 }),
    line("TOPIC_RECORD", { name: "t" }),
  ]);
  const judged = (...beats: BrokerEvidence["beats"]): string | undefined =>
    complaintAboutFencing([{ id: 11, beats }], changes, 1_000_000);

  test("is read from the log, and so is who came back", () => {
    expect(changes.map(({ isFenced }) => isFenced)).toEqual([true, false]);
  });

  test("although a heartbeat was answered just before, is told", () => {
    expect(judged(beat(1_000), beat(18_000))).toMatch(/broker 11 was fenced at 40, 2000 ms after/);
  });

  test("is right of one that has been silent, or heard too late, or is asked for afterwards", () => {
    expect(judged(beat(10_900))).toBeUndefined();
    // Sent long before, to somebody who stood still.
    expect(judged(beat(9_000, 19_900))).toBeUndefined();
    expect(judged(beat(19_990, 20_100))).toBeUndefined();
    expect(judged()).toBeUndefined();
  });
});

describe("a heartbeat that was sent and answered while nothing passed", () => {
  const cuts = [{ fromMs: 100, untilMs: 900 }];
  test("was invented", () => {
    const judged = complaintAboutInvented({ id: 11, beats: [beat(50), beat(200)] }, cuts);
    expect(judged).toMatch(/broker 11 was answered a heartbeat at 205/);
  });

  test("may have been sent before, or answered after", () => {
    const beats = [beat(90, 110), beat(890, 901), beat(95, 905)];
    expect(complaintAboutInvented({ id: 11, beats }, cuts)).toBeUndefined();
  });
});

describe("what was asked for", () => {
  test("and is there, once, is well", () => {
    const lines = [line("TOPIC_RECORD", { name: "a" }), ...blocks(2)];
    const asked = { created: ["a"], producerIdsAsked: 3, producerIds: [0n, 1_000n] };
    expect(complaintAboutRequests([told(asked)], lines)).toBeUndefined();
  });

  test.each([
    [
      "is acknowledged and lost",
      told({ created: ["a"] }),
      [],
      /told that a is there, and it is not/,
    ],
    [
      "was executed more often than asked",
      told({ producerIdsAsked: 3, producerIdsRefused: 1, producerIds: [0n] }),
      blocks(3),
      /asked 2 times for producer ids, and was given some 3 times/,
    ],
    [
      "was given without a record",
      told({ producerIdsAsked: 2, producerIds: [0n, 1_000n] }),
      blocks(1),
      /was given producer ids 2 times, and the log has 1/,
    ],
    [
      "was given to two",
      told({ producerIdsAsked: 2, producerIds: [0n, 0n] }),
      blocks(2),
      /the producer ids from 0 on were given twice/,
    ],
    ["was there already", told({ complaints: ["it is there"] }), [], /it is there/],
  ])("and %s is told", (_, broker, lines, complaint) => {
    expect(complaintAboutRequests([broker], lines)).toMatch(complaint);
  });
});
