/**
 * BrokerHeartbeat: the whole state machine as a table, what each move writes and in which order, directories that
 * fail or are cordoned, and the controlled shutdown from its first heartbeat to its last.
 */
import { describe, expect, test } from "vitest";
import { BOUNDED_BATCH_RECORDS } from "../../../src/metadata/control/batch-bound.ts";
import type { BrokerHeartbeatRequest } from "../../../src/protocol/index.ts";
import { contactOf, initialLiveness } from "../../../src/metadata/liveness/broker-heartbeats.ts";
import { partitionsLedBy } from "../../../src/metadata/image/topics-image.ts";
import { brokerEpoch, directoryOf, Office, officeOf, registrationOf } from "../office.ts";
import { expectLiveLeaders, line, record, replayed, world } from "../world.ts";

describe("who may not be heard", () => {
  test.each([
    ["a broker that is not registered", { brokerId: 9, brokerEpoch: 109 }],
    ["an epoch that is not the registered one", { brokerId: 1, brokerEpoch: 100 }],
    ["no epoch", { brokerId: 1 }],
  ])("%s is stale, fenced, and changes nothing", (_claim, parts) => {
    const office = officeOf({ brokers: "1" });
    office.nowMs = 500;
    const { view, liveness } = office;
    const response = office.ask("BrokerHeartbeat", { currentMetadataOffset: 1_000, ...parts });
    expect(response).toMatchObject({ errorCode: 77, isFenced: true, isCaughtUp: false });
    expect(office.view).toEqual(view);
    expect(office.liveness).toEqual(liveness);
  });
});

const parts = (text: string): Partial<BrokerHeartbeatRequest> => ({
  wantShutDown: text.includes("down"),
  wantFence: text.includes("fence"),
  currentMetadataOffset: text.includes("behind") ? 50 : 200,
});

describe("the state machine", () => {
  // Broker 1 leads a partition, broker 2 follows it, broker 4 is in nothing; registered at 101, 102, 104.
  const topics = { t: ["1,2 / 1,2 / 1"] };
  test.each([
    ["1f 2", 2, "unfenced: wants nothing", "", "caught up, unfenced"],
    ["1 2 4f", 4, "fenced, wants to stop", "down", "caught up, fenced, stop"],
    ["1 2 4f", 4, "fenced, has caught up", "", "caught up, unfenced"],
    ["1 2 4f", 4, "fenced, is behind", "behind", "behind, fenced"],
    ["1 2 4f", 4, "fenced, wants to stay so", "fence", "caught up, fenced"],
    ["1 2", 1, "unfenced, wants to stop and to be fenced", "down fence", "caught up, fenced, stop"],
    ["1 2", 1, "unfenced, wants to be fenced", "fence", "caught up, fenced"],
    ["1 2", 1, "unfenced, wants to stop, leads", "down", "caught up, unfenced"],
    ["1 2", 2, "unfenced, wants to stop, leads nothing", "down", "caught up, fenced, stop"],
    ["1 2", 1, "unfenced and behind stays unfenced", "behind", "behind, unfenced"],
  ])("%s: broker %i, %s", (brokers, id, _claim, wants, expected) => {
    const office = officeOf({ brokers, topics: brokers.startsWith("1f") ? {} : topics });
    expect(office.heartbeat(id, parts(wants))).toBe(expected);
    expectLiveLeaders(office.view);
  });

  test("a fenced broker that asks again to stop writes nothing more", () => {
    const office = officeOf({ brokers: "1f" });
    expect(office.heartbeat(1, { wantShutDown: true })).toBe("caught up, fenced, stop");
    expect(office.records).toEqual([]);
  });

  test("a broker is caught up with its own registration, whatever has been written since", () => {
    const office = officeOf({ brokers: "1f" });
    expect(office.heartbeat(1, { currentMetadataOffset: brokerEpoch(1) - 1 })).toBe(
      "behind, fenced",
    );
    expect(office.heartbeat(1, { currentMetadataOffset: brokerEpoch(1) })).toBe(
      "caught up, unfenced",
    );
  });
});

describe("what a move writes", () => {
  test("fencing: partitions first, the broker last", () => {
    const office = officeOf({ brokers: "1 2", topics: { t: ["1,2 / 1,2 / 1", "1 / 1 / 1"] } });
    office.heartbeat(1, { wantFence: true });
    expect(office.wrote).toEqual([
      "partition 0 isr [2] leader 2",
      "partition 1 leader -1",
      "broker 1 v0 fenced 1",
    ]);
    expect(contactOf(office.liveness, brokerOf(office, 1))).toBeUndefined();
  });

  test("unfencing: the broker first, then the partitions that may have it", () => {
    const office = officeOf({ brokers: "1f 2f", topics: { t: ["1,2 / 1 / -1", "2 / 2 / -1"] } });
    office.heartbeat(1);
    expect(office.wrote).toEqual(["broker 1 v0 fenced -1", "partition 0 leader 1"]);
    expectLiveLeaders(office.view);
  });

  test("controlled shutdown: the announcement first, then what it has is moved", () => {
    const office = officeOf({ brokers: "0 1 2", topics: { t: ["0,1,2 / 0,1,2 / 0"] } });
    office.heartbeat(0, { wantShutDown: true });
    expect(office.wrote).toEqual([
      "broker 0 v1 inControlledShutdown 1",
      "partition 0 isr [1,2] leader 1",
    ]);
  });
});

test("a broker with more partitions than one batch holds is fenced when all have let go, and not before", () => {
  const lines = Array.from({ length: 12_000 }, () => "1,2 / 1,2 / 1");
  const office = officeOf({ brokers: "1 2", topics: { big: lines } });
  for (let left = 12_001; left > BOUNDED_BATCH_RECORDS; left -= BOUNDED_BATCH_RECORDS) {
    expect(office.heartbeat(1, { wantFence: true })).toBe("caught up, unfenced");
    expect(contactOf(office.liveness, brokerOf(office, 1))).toBeDefined();
  }
  expect(office.heartbeat(1, { wantFence: true, wantShutDown: true })).toBe(
    "caught up, fenced, stop",
  );
  expect([...partitionsLedBy(office.view.topics, 1)]).toEqual([]);
});

describe("a controlled shutdown", () => {
  test("ends once every active broker has applied the records that moved the leaderships", () => {
    const office = officeOf({ brokers: "1 2 3 4f", topics: { t: ["1,2,3 / 1,2,3 / 1"] } });
    for (const id of [1, 2, 3]) office.heartbeat(id);
    expect(office.heartbeat(1, { wantShutDown: true })).toBe("caught up, unfenced");
    const moved = office.view.provenance.endOffset - 1;
    const shutdownOffset = (): number | undefined =>
      contactOf(office.liveness, brokerOf(office, 1))?.controlledShutdownOffset;
    expect(shutdownOffset()).toBe(moved);
    office.heartbeat(2, { currentMetadataOffset: moved });
    office.heartbeat(3, { currentMetadataOffset: moved - 1 });
    expect(office.heartbeat(1, { wantShutDown: true })).toBe("caught up, unfenced");
    office.ask("AllocateProducerIds", { brokerId: 2, brokerEpoch: brokerEpoch(2) });
    office.heartbeat(1, { wantShutDown: true });
    // KAFKA-14292: neither later heartbeats nor later records move the goal.
    expect(shutdownOffset()).toBe(moved);
    office.heartbeat(3, { currentMetadataOffset: moved });
    expect(office.heartbeat(1, { wantShutDown: true })).toBe("caught up, fenced, stop");
    expect(office.wrote).toEqual(["broker 1 v0 fenced 1"]);
  });

  test("does not wait for another broker that shuts down too", () => {
    const topics = { t: ["1,2,3 / 1,2,3 / 1", "2,1,3 / 2,1,3 / 2"] };
    const office = officeOf({ brokers: "1 2 3", topics });
    for (const id of [1, 2, 3]) office.heartbeat(id);
    office.heartbeat(1, { wantShutDown: true });
    office.heartbeat(2, { wantShutDown: true });
    office.heartbeat(3);
    expect(office.heartbeat(1, { wantShutDown: true })).toBe("caught up, fenced, stop");
    expect(office.heartbeat(2, { wantShutDown: true })).toBe("caught up, fenced, stop");
    expectLiveLeaders(office.view);
    expect(line(office.view, "t", 0)).toMatch(/^1,2,3 \/ 3 \/ 3/);
  });

  test("goes on after the controller has changed, with a goal of its own", () => {
    const office = officeOf({ brokers: "1 2", topics: { t: ["1,2 / 1,2 / 1"] } });
    for (const id of [1, 2]) office.heartbeat(id);
    office.heartbeat(1, { wantShutDown: true });
    office.liveness = initialLiveness(office.view, 0);
    expect(office.heartbeat(1, { wantShutDown: true })).toBe("caught up, unfenced");
    office.heartbeat(2);
    expect(office.heartbeat(1, { wantShutDown: true })).toBe("caught up, fenced, stop");
  });

  test("goes on once begun, even when the broker stops asking for it", () => {
    const office = officeOf({ brokers: "1 2", topics: { t: ["1,2 / 1,2 / 1"] } });
    for (const id of [1, 2]) office.heartbeat(id);
    office.heartbeat(1, { wantShutDown: true });
    office.heartbeat(2);
    expect(office.heartbeat(1)).toBe("caught up, fenced, stop");
  });

  test("leaves a partition that nobody else can lead without a leader, and its broker in the ISR", () => {
    const office = officeOf({ brokers: "1 2", topics: { t: ["1 / 1 / 1"] } });
    for (const id of [1, 2]) office.heartbeat(id);
    office.heartbeat(1, { wantShutDown: true });
    expect(line(office.view, "t")).toBe("1 / 1 / -1 / 1 / 1");
  });

  test("of a broker with more partitions than one batch holds takes several heartbeats", () => {
    const lines = Array.from({ length: 12_000 }, () => "1,2 / 1,2 / 1");
    const office = officeOf({ brokers: "1 2", topics: { big: lines } });
    for (const id of [1, 2]) office.heartbeat(id);
    office.heartbeat(1, { wantShutDown: true });
    for (let left = 12_001; left > BOUNDED_BATCH_RECORDS; left -= BOUNDED_BATCH_RECORDS) {
      expect(office.records).toHaveLength(BOUNDED_BATCH_RECORDS);
      office.heartbeat(2);
      expect(office.heartbeat(1, { wantShutDown: true })).toBe("caught up, unfenced");
    }
    expect(office.records).toHaveLength(12_001 % BOUNDED_BATCH_RECORDS);
    expect(office.heartbeat(1, { wantShutDown: true })).toBe("caught up, unfenced");
    office.heartbeat(2);
    expect(office.heartbeat(1, { wantShutDown: true })).toBe("caught up, fenced, stop");
    expect([...partitionsLedBy(office.view.topics, 1)]).toEqual([]);
  });
});

/** Broker 1 with two directories, a partition led from each, and broker 2 that follows both. */
const twoDirectories = (metadataVersion = 25): Office => {
  const office = officeOf({ metadataVersion, brokers: "2" });
  office.ask("BrokerRegistration", {
    ...registrationOf(1),
    logDirs: [directoryOf(11), directoryOf(12)],
  });
  office.heartbeat(1);
  const topicId = directoryOf(500);
  const partition = (partitionId: number, directory: number): ReturnType<typeof record> =>
    record("PARTITION_RECORD", 1, {
      topicId,
      partitionId,
      replicas: [1, 2],
      isr: [1, 2],
      leader: 1,
      leaderEpoch: 0,
      partitionEpoch: 0,
      directories: [directoryOf(directory), directoryOf(2)],
    });
  const topic = record("TOPIC_RECORD", 0, { name: "t", topicId });
  office.view = replayed(office.view, [topic, partition(0, 11), partition(1, 12)]);
  return office;
};

/** So many more partitions of brokers 1 and 2 in directory 11 of broker 1, led by `leader`. */
function addPartitionsIn11(office: Office, count: number, leader: number): void {
  const topicId = directoryOf(501);
  const partitions = Array.from({ length: count }, (_, partitionId) =>
    record("PARTITION_RECORD", 1, {
      topicId,
      partitionId,
      replicas: [1, 2],
      isr: [1, 2],
      leader,
      directories: [directoryOf(11), directoryOf(2)],
    }),
  );
  const topic = record("TOPIC_RECORD", 0, { name: "big", topicId });
  office.view = replayed(office.view, [topic, ...partitions]);
}

describe("directories", () => {
  test("that fail lose their partitions; those of others, and unknown ones, are ignored", () => {
    const office = twoDirectories();
    office.heartbeat(1, { offlineLogDirs: [directoryOf(11), directoryOf(2), directoryOf(77)] });
    expect(office.wrote).toEqual([
      "partition 0 isr [2] leader 2",
      `broker 1 v2 logDirs ["${directoryOf(12)}"]`,
    ]);
    office.heartbeat(1, { offlineLogDirs: [directoryOf(11)] });
    expect(office.records).toEqual([]);
  });

  test("that fail with more partitions than one batch holds go when the last of them has let go", () => {
    const office = twoDirectories();
    addPartitionsIn11(office, 2 * BOUNDED_BATCH_RECORDS - 1, 1);
    const failed = { offlineLogDirs: [directoryOf(11)] };
    // With the partition of topic t these are two full batches, and the broker's own record is in neither.
    for (let batch = 0; batch < 2; batch += 1) {
      expect(office.heartbeat(1, failed)).toBe("caught up, unfenced");
      expect(office.records).toHaveLength(BOUNDED_BATCH_RECORDS);
      expect(brokerOf(office, 1).logDirs).toHaveLength(2);
    }
    office.heartbeat(1, failed);
    expect(office.wrote).toEqual([`broker 1 v2 logDirs ["${directoryOf(12)}"]`]);
    expect([...partitionsLedBy(office.view.topics, 1)]).toHaveLength(1);
  });

  test("that fill a batch leave the broker fenced until the next heartbeat", () => {
    const office = twoDirectories();
    office.heartbeat(1, { wantFence: true });
    addPartitionsIn11(office, BOUNDED_BATCH_RECORDS - 1, 2);
    const failed = { offlineLogDirs: [directoryOf(11)] };
    expect(office.heartbeat(1, failed)).toBe("caught up, fenced");
    expect(office.records).toHaveLength(BOUNDED_BATCH_RECORDS);
    expect(office.heartbeat(1, failed)).toBe("caught up, unfenced");
    expect(office.wrote).toContain("broker 1 v0 fenced -1");
  });

  test("that all fail get the broker fenced, for as long as it says so", () => {
    const office = twoDirectories();
    const all = [directoryOf(12), directoryOf(11)];
    expect(office.heartbeat(1, { offlineLogDirs: all })).toBe("caught up, fenced");
    expect(office.wrote.at(-1)).toBe("broker 1 v0 fenced 1");
    expect(office.heartbeat(1, { offlineLogDirs: all })).toBe("caught up, fenced");
    expect(office.records).toEqual([]);
    expectLiveLeaders(office.view);
  });

  test("that fail in the heartbeat that unfences are not led from", () => {
    const office = twoDirectories();
    office.heartbeat(2, { wantFence: true });
    office.heartbeat(1, { wantFence: true });
    expect(line(office.view, "t", 0)).toMatch(/^1,2 \/ 1 \/ -1/);
    expect(office.heartbeat(1, { offlineLogDirs: [directoryOf(11)] })).toBe("caught up, unfenced");
    expect(line(office.view, "t", 0)).toMatch(/^1,2 \/ 1 \/ -1/);
    expect(line(office.view, "t", 1)).toMatch(/^1,2 \/ 1 \/ 1/);
  });

  test("that are cordoned are noted from 4.3-IV0 on, once", () => {
    const early = twoDirectories(29);
    early.heartbeat(1, { cordonedLogDirs: [directoryOf(11)] });
    expect(early.records).toEqual([]);
    const office = twoDirectories(30);
    office.heartbeat(1, { cordonedLogDirs: [directoryOf(11), directoryOf(99)] });
    expect(office.wrote).toEqual([`broker 1 v3 cordonedLogDirs ["${directoryOf(11)}"]`]);
    office.heartbeat(1, { cordonedLogDirs: [directoryOf(11)] });
    expect(office.records).toEqual([]);
    office.heartbeat(1, { cordonedLogDirs: null });
    expect(office.records).toEqual([]);
    office.heartbeat(1, { cordonedLogDirs: [] });
    expect(office.view.cluster.brokers.get(1)?.cordonedLogDirs).toEqual([]);
  });
});

test("a broker that the log says is shutting down is heard, and never unfenced into leading", () => {
  const office = officeOf({ brokers: "1s 2f", topics: { t: ["1,2 / 2 / -1"] } });
  office.heartbeat(2);
  expect(line(office.view, "t")).toBe("1,2 / 2 / 2 / 1 / 1");
  expect(office.heartbeat(1)).toBe("caught up, unfenced");
  expect(new Office(world({ brokers: "1s" })).heartbeat(1)).toBe("caught up, unfenced");
});

function brokerOf(
  office: Office,
  id: number,
): NonNullable<ReturnType<Office["view"]["cluster"]["brokers"]["get"]>> {
  const broker = office.view.cluster.brokers.get(id);
  if (broker === undefined) throw new Error(`broker ${id} is not registered`);
  return broker;
}
