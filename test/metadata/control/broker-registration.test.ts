/**
 * BrokerRegistration, fact by fact: what is refused and in which order, what an accepted one writes, and how the
 * incarnation before it is let go. Codes are those that real 4.3.1 controllers answered.
 */
import { describe, expect, test } from "vitest";
import { BOUNDED_BATCH_RECORDS } from "../../../src/metadata/control/batch-bound.ts";
import type { BrokerRegistrationRequest } from "../../../src/protocol/index.ts";
import { errorName, LOST_DIRECTORY } from "../../../src/protocol/index.ts";
import { directoryOf, Office, officeOf, registrationOf, SESSION_MS } from "../office.ts";
import { partitionsLedBy } from "../../../src/metadata/image/topics-image.ts";
import { expectLiveLeaders, line, record, replayed, world } from "../world.ts";

type Parts = Partial<BrokerRegistrationRequest>;

const register = (office: Office, brokerId: number, parts: Parts = {}): string => {
  const request = { ...registrationOf(brokerId), ...parts };
  const { errorCode, brokerEpoch } = office.ask("BrokerRegistration", request);
  return errorCode === 0 ? `epoch ${brokerEpoch}` : errorName(errorCode);
};

const feature = (name: string, min: number, max: number): Parts["features"] => [
  ...(registrationOf(1).features ?? []).filter((range) => range.name !== name),
  { name, minSupportedVersion: min, maxSupportedVersion: max },
];

const without = (name: string): Parts["features"] =>
  (registrationOf(1).features ?? []).filter((range) => range.name !== name);

describe("what is refused", () => {
  test.each<readonly [string, Parts, string]>([
    ["another cluster", { clusterId: "OTHER" }, "INCONSISTENT_CLUSTER_ID"],
    ["another incarnation of a living broker", { brokerId: 5 }, "DUPLICATE_BROKER_REGISTRATION"],
    [
      "a broker that comes from ZooKeeper",
      { isMigratingZkBroker: true },
      "BROKER_ID_NOT_REGISTERED",
    ],
    ["an id below 0, which means nobody", { brokerId: -1 }, "INVALID_REGISTRATION"],
    ["the id of a controller", { brokerId: 3000 }, "INVALID_REGISTRATION"],
    ["no directory", { logDirs: [] }, "INVALID_REGISTRATION"],
    ["a reserved directory", { logDirs: [LOST_DIRECTORY] }, "INVALID_REGISTRATION"],
    ["a directory twice", { logDirs: [directoryOf(1), directoryOf(1)] }, "INVALID_REGISTRATION"],
    ["a directory of another broker", { logDirs: [directoryOf(5)] }, "INVALID_REGISTRATION"],
    ["no features", { features: [] }, "INVALID_REGISTRATION"],
    [
      "no metadata.version",
      { features: without("metadata.version") ?? [] },
      "INVALID_REGISTRATION",
    ],
    [
      "a metadata.version too low",
      { features: feature("metadata.version", 7, 24) ?? [] },
      "UNSUPPORTED_VERSION",
    ],
    [
      "a metadata.version too high",
      { features: feature("metadata.version", 26, 30) ?? [] },
      "UNSUPPORTED_VERSION",
    ],
    ["no kraft.version", { features: without("kraft.version") ?? [] }, "UNSUPPORTED_VERSION"],
    [
      "kraft.version 0 only",
      { features: feature("kraft.version", 0, 0) ?? [] },
      "UNSUPPORTED_VERSION",
    ],
    [
      "a finalized feature missing",
      { features: without("group.version") ?? [] },
      "UNSUPPORTED_VERSION",
    ],
    ["an inverted range", { features: feature("x", 3, 2) ?? [] }, "UNSUPPORTED_VERSION"],
    ["a range below 0", { features: feature("x", -2, 2) ?? [] }, "INVALID_REGISTRATION"],
    [
      "a feature that is not finalized in a range without 0",
      { features: feature("share.version", 1, 1) ?? [] },
      "UNSUPPORTED_VERSION",
    ],
    [
      "a feature twice",
      { features: [...(feature("x", 0, 1) ?? []), ...(feature("x", 0, 1) ?? [])] },
      "INVALID_REGISTRATION",
    ],
  ])("%s", (_claim, parts, expected) => {
    const level = record("FEATURE_LEVEL_RECORD", 0, { name: "group.version", featureLevel: 1 });
    const view = replayed(world({ brokers: "5" }), [level]);
    const controllers = [{ id: 3000, directoryId: directoryOf(3000), endpoints: [] }];
    const office = new Office(view, { controllers });
    const before = office.view;
    expect(register(office, parts.brokerId ?? 1, parts)).toBe(expected);
    expect(office.records).toEqual([]);
    expect(office.view).toEqual(before);
  });

  test("not for a controller that was registered once and is no voter", () => {
    const stranger = record("REGISTER_CONTROLLER_RECORD", 0, { controllerId: 5 });
    const office = new Office(replayed(world({}), [stranger]));
    expect(register(office, 5)).toMatch(/^epoch/);
    expect(office.wrote).toEqual([expect.stringMatching(/^register 5 /)]);
    expect(office.ask("UnregisterBroker", { brokerId: 5 }).errorCode).toBe(0);
  });

  test.each<readonly [string, Parts, string]>([
    [
      "a wrong cluster before a living incarnation",
      { clusterId: "X", isMigratingZkBroker: true },
      "INCONSISTENT_CLUSTER_ID",
    ],
    [
      "a living incarnation before ZooKeeper",
      { isMigratingZkBroker: true },
      "DUPLICATE_BROKER_REGISTRATION",
    ],
  ])("the order of checks: %s", (_claim, parts, expected) => {
    expect(register(officeOf({ brokers: "5" }), 5, parts)).toBe(expected);
  });
});

describe("what is accepted", () => {
  test("no listeners at all, and a feature that is not finalized in a range from 0 on", () => {
    const features = feature("share.version", 0, 9) ?? [];
    expect(register(officeOf({}), 1, { listeners: [], features })).toBe("epoch 1000");
  });

  test("below 3.7-IV2 no directory, and none is written", () => {
    const office = officeOf({ metadataVersion: 16 });
    expect(register(office, 1, { logDirs: [directoryOf(1)] })).toBe("epoch 1000");
    expect(office.view.cluster.brokers.get(1)?.logDirs).toEqual([]);
  });

  test.each([
    [7, 1],
    [8, 2],
    [16, 2],
    [17, 3],
    [29, 3],
    [30, 4],
  ])("at metadata.version %i the record is of version %i", (metadataVersion, version) => {
    const office = officeOf({ metadataVersion });
    register(office, 1);
    expect(office.wrote).toEqual([`register 1 v${version} epoch 1000 fenced`]);
  });

  test("a broker begins fenced, with the offset of its record as its epoch", () => {
    const office = officeOf({ brokers: "0 2 3" });
    expect(register(office, 1)).toBe("epoch 1000");
    expect(office.view.cluster.brokers.get(1)).toMatchObject({ epoch: 1_000, fenced: true });
    expect(office.heartbeat(1, { currentMetadataOffset: 999 })).toBe("behind, fenced");
    expect(office.heartbeat(1, { currentMetadataOffset: 1_000 })).toBe("caught up, unfenced");
  });
});

describe("the same incarnation again", () => {
  test("keeps its epoch and its state, and writes nothing when nothing changed", () => {
    const office = officeOf({});
    expect(register(office, 1)).toBe("epoch 1000");
    office.heartbeat(1);
    expect(register(office, 1)).toBe("epoch 1000");
    expect(office.records).toEqual([]);
    expect(register(office, 1, { rack: "r" })).toBe("epoch 1000");
    expect(office.wrote).toEqual(["register 1 v3 epoch 1000 unfenced"]);
    expect(office.view.cluster.brokers.get(1)).toMatchObject({ rack: "r", fenced: false });
  });

  test("keeps its controlled shutdown and its cordoned directories", () => {
    const office = officeOf({
      metadataVersion: 30,
      topics: { t: ["1,2 / 1,2 / 1"] },
      brokers: "2",
    });
    register(office, 1);
    office.heartbeat(1, { cordonedLogDirs: [directoryOf(1)] });
    office.ask("ElectLeaders", { electionType: 0, topicPartitions: null });
    office.heartbeat(1, { wantShutDown: true });
    register(office, 1, { rack: "r" });
    expect(office.view.cluster.brokers.get(1)).toMatchObject({
      rack: "r",
      cordonedLogDirs: [directoryOf(1)],
    });
  });
});

describe("a new incarnation", () => {
  const restart = { incarnationId: directoryOf(7_777) };
  const spec = { brokers: "1 2 3", topics: { t: ["1,2,3 / 1,2,3 / 1", "2,1 / 1 / 1"] } };

  test("waits for the session of the one before to end, and not a millisecond more", () => {
    const office = officeOf(spec);
    office.nowMs = SESSION_MS;
    expect(register(office, 1, restart)).toBe("DUPLICATE_BROKER_REGISTRATION");
    office.nowMs = SESSION_MS + 1;
    expect(register(office, 1, restart)).toMatch(/^epoch/);
  });

  test("takes the place of a fenced one that is silent at once", () => {
    const office = officeOf({ ...spec, brokers: "1f 2 3", topics: { t: ["2,3 / 2,3 / 2"] } });
    expect(register(office, 1, restart)).toMatch(/^epoch/);
  });

  test("waits for the session of a fenced one that calls, as while it recovers its logs", () => {
    const office = officeOf({ ...spec, brokers: "1f 2 3", topics: { t: ["2,3 / 2,3 / 2"] } });
    office.heartbeat(1, { wantFence: true });
    office.nowMs = SESSION_MS;
    expect(register(office, 1, restart)).toBe("DUPLICATE_BROKER_REGISTRATION");
    office.nowMs = SESSION_MS + 1;
    expect(register(office, 1, restart)).toMatch(/^epoch/);
  });

  test("does not wait for one that was told to stop, nor for one of before that", () => {
    const office = officeOf({ ...spec, brokers: "1f 2 3", topics: { t: ["2,3 / 2,3 / 2"] } });
    office.heartbeat(1, { wantFence: true });
    expect(office.heartbeat(1, { wantShutDown: true })).toBe("caught up, fenced, stop");
    expect(register(office, 1, restart)).toMatch(/^epoch/);
    const again = { ...restart, incarnationId: directoryOf(7_778) };
    expect(register(office, 1, again)).toMatch(/^epoch/);
  });

  test("takes the place of one that never sent a heartbeat at once, with a new epoch", () => {
    const office = officeOf({});
    expect(register(office, 1)).toBe("epoch 1000");
    expect(register(office, 1, restart)).toBe("epoch 1001");
  });

  test("finds that its partitions have let go of it, and its record comes last", () => {
    const office = officeOf(spec);
    office.nowMs = SESSION_MS + 1;
    expect(register(office, 1, restart)).toBe("epoch 1002");
    expect(office.wrote).toEqual([
      "partition 0 isr [2,3] leader 2",
      "partition 1 leader -1",
      "register 1 v3 epoch 1002 fenced",
    ]);
    expect(line(office.view, "t", 0)).toBe("1,2,3 / 2,3 / 2 / 1 / 1");
    expectLiveLeaders(office.view);
  });

  test("is known by its epoch: the one before is refused from then on", () => {
    const office = officeOf({});
    register(office, 1);
    register(office, 1, restart);
    expect(office.heartbeat(1, { brokerEpoch: 1_000 })).toBe("error 77, behind, fenced");
  });

  test("with eligible leader replicas, an unclean stop costs it its place among them", () => {
    const elr = { elr: true, configs: { "broker:": { "min.insync.replicas": "2" } } };
    const topics = { t: ["1,2,3 / 2 / 2 ; elr 1"] };
    const unclean = officeOf({ ...elr, brokers: "1f 2 3", topics });
    register(unclean, 1, {
      ...restart,
      features: feature("eligible.leader.replicas.version", 0, 1) ?? [],
    });
    expect(line(unclean.view, "t")).toBe("1,2,3 / 2 / 2 / 0 / 1");
    const clean = officeOf({ ...elr, brokers: "1f 2 3", topics });
    register(clean, 1, { ...restart, previousBrokerEpoch: 101 });
    expect(line(clean.view, "t")).toBe("1,2,3 / 2 / 2 / 0 / 0 ; elr 1");
  });

  test("with more partitions than one batch holds, is asked to try again until all have let go", () => {
    const lines = Array.from({ length: 12_000 }, () => "1,2 / 1,2 / 1");
    const office = officeOf({ brokers: "1 2", topics: { big: lines } });
    office.nowMs = SESSION_MS + 1;
    for (let left = 12_001; left > BOUNDED_BATCH_RECORDS; left -= BOUNDED_BATCH_RECORDS) {
      expect(register(office, 1, restart)).toBe("REQUEST_TIMED_OUT");
      expect(office.records).toHaveLength(BOUNDED_BATCH_RECORDS);
      expect(office.view.cluster.brokers.get(1)?.fenced).toBe(false);
    }
    expect(register(office, 1, restart)).toMatch(/^epoch/);
    expect(office.records).toHaveLength(12_001 % BOUNDED_BATCH_RECORDS);
    expect([...partitionsLedBy(office.view.topics, 1)]).toEqual([]);
  });

  test("that is itself larger than a batch of partitions waits for them, and is then a batch of its own", () => {
    const office = officeOf({ brokers: "1 2", topics: { t: ["1,2 / 1,2 / 1"] } });
    office.nowMs = SESSION_MS + 1;
    const listeners = Array.from({ length: 10 }, (_, at) => ({
      name: `L${at}`.padEnd(32_000, "n"),
      host: "h".repeat(32_000),
      port: 9_092,
      securityProtocol: 0,
    }));
    expect(register(office, 1, { ...restart, listeners })).toBe("REQUEST_TIMED_OUT");
    expect(office.wrote).toEqual(["partition 0 isr [2] leader 2"]);
    expect(register(office, 1, { ...restart, listeners })).toMatch(/^epoch/);
    expect(office.records).toHaveLength(1);
  });
});
