/**
 * The small operations on the cluster itself: unregistering brokers, producer ids, registrations of controllers, and
 * the description that tools ask a controller for.
 */
import { describeCluster } from "../../../src/metadata/control/describe-cluster.ts";
import { describe, expect, test } from "vitest";
import { BOUNDED_BATCH_RECORDS } from "../../../src/metadata/control/batch-bound.ts";
import { ZERO_UUID } from "../../../src/protocol/index.ts";
import { brokerEpoch, directoryOf, officeOf } from "../office.ts";
import { expectLiveLeaders, line, record, replayed } from "../world.ts";

describe("UnregisterBroker", () => {
  test("of a broker that nobody registered says so", () => {
    expect(officeOf({}).ask("UnregisterBroker", { brokerId: 7 })).toMatchObject({
      errorCode: 102,
      errorMessage: "Broker ID 7 is not currently registered",
    });
  });

  test("takes the partitions first and the registration last, of a living broker too", () => {
    const office = officeOf({ brokers: "1 2", topics: { t: ["1,2 / 1,2 / 1"] } });
    expect(office.ask("UnregisterBroker", { brokerId: 1 }).errorCode).toBe(0);
    expect(office.wrote).toEqual(["partition 0 isr [2] leader 2", "UNREGISTER_BROKER_RECORD"]);
    expect(office.heartbeat(1, { brokerEpoch: brokerEpoch(1) })).toBe("error 77, behind, fenced");
    expect(line(office.view, "t")).toMatch(/^1,2 /);
    expectLiveLeaders(office.view);
  });

  test("leaves no trust in the broker: it is no eligible leader any more", () => {
    const configs = { "broker:": { "min.insync.replicas": "2" } };
    const topics = { t: ["1,2,3 / 2 / 2 ; elr 1", "2,1 / 1,2 / 2"] };
    const office = officeOf({ elr: true, configs, brokers: "1 2 3", topics });
    office.ask("UnregisterBroker", { brokerId: 1 });
    expect(line(office.view, "t", 0)).toBe("1,2,3 / 2 / 2 / 0 / 1");
    expect(line(office.view, "t", 1)).toBe("2,1 / 2 / 2 / 0 / 1");
  });

  test("of a broker with more partitions than one batch holds is to be asked again", () => {
    const lines = Array.from({ length: 2 * BOUNDED_BATCH_RECORDS }, () => "1,2 / 1,2 / 1");
    const office = officeOf({ brokers: "1 2", topics: { big: lines } });
    const unregister = (): number => office.ask("UnregisterBroker", { brokerId: 1 }).errorCode;
    for (let batch = 0; batch < 2; batch += 1) {
      expect(unregister()).toBe(7);
      expect(office.records).toHaveLength(BOUNDED_BATCH_RECORDS);
      expect(office.view.cluster.brokers.has(1)).toBe(true);
    }
    // Everything has let go of it, and its own record found no room.
    expect(unregister()).toBe(0);
    expect(office.wrote).toEqual(["UNREGISTER_BROKER_RECORD"]);
    expect(office.view.cluster.brokers.has(1)).toBe(false);
  });
});

describe("AllocateProducerIds", () => {
  test("hands out one block after another, beginning at 0", () => {
    const office = officeOf({ brokers: "1 2" });
    for (let block = 0; block < 3; block += 1) {
      const brokerId = 1 + (block % 2);
      expect(
        office.ask("AllocateProducerIds", { brokerId, brokerEpoch: brokerEpoch(brokerId) }),
      ).toMatchObject({
        errorCode: 0,
        producerIdStart: block * 1_000,
        producerIdLen: 1_000,
      });
    }
    expect(office.view.producerIds.nextProducerId).toBe(3_000);
  });

  test.each([
    ["an unknown broker", 7, 107],
    ["a stale epoch", 1, 100],
  ])("refuses %s", (_claim, brokerId, epoch) => {
    const office = officeOf({ brokers: "1" });
    expect(office.ask("AllocateProducerIds", { brokerId, brokerEpoch: epoch }).errorCode).toBe(77);
    expect(office.records).toEqual([]);
  });

  test("ends where ids can no longer be told apart", () => {
    const office = officeOf({ brokers: "1" });
    const nextProducerId = Number.MAX_SAFE_INTEGER - 999;
    office.view = replayed(office.view, [record("PRODUCER_IDS_RECORD", 0, { nextProducerId })]);
    const request = { brokerId: 1, brokerEpoch: brokerEpoch(1) };
    expect(office.ask("AllocateProducerIds", request).errorCode).toBe(-1);
    expect(office.records).toEqual([]);
  });
});

const registration = {
  controllerId: 3000,
  incarnationId: directoryOf(1),
  zkMigrationReady: false,
  listeners: [{ name: "CONTROLLER", host: "h", port: 9_093, securityProtocol: 0 }],
  features: [
    { name: "kraft.version", minSupportedVersion: 0, maxSupportedVersion: 1 },
    { name: "metadata.version", minSupportedVersion: 7, maxSupportedVersion: 30 },
  ],
};

/** The quorum's own records of its voters. */
const controllers = [
  { id: 3000, directoryId: directoryOf(1), endpoints: registration.listeners },
  { id: 1, directoryId: directoryOf(2), endpoints: registration.listeners },
];

/** The code that a registration differing in `parts` gets at a metadata.version. */
const ask = (level: number, parts: object): number =>
  officeOf({ metadataVersion: level, brokers: "1" }, { controllers }).ask(
    "ControllerRegistration",
    {
      ...registration,
      ...parts,
    },
  ).errorCode;

describe("ControllerRegistration", () => {
  test("is written, and written again only when it changed", () => {
    const office = officeOf({}, { controllers });
    expect(office.ask("ControllerRegistration", registration).errorCode).toBe(0);
    expect(office.wrote).toEqual(["REGISTER_CONTROLLER_RECORD"]);
    office.ask("ControllerRegistration", registration);
    expect(office.records).toEqual([]);
    office.ask("ControllerRegistration", { ...registration, incarnationId: ZERO_UUID });
    expect(office.wrote).toEqual(["REGISTER_CONTROLLER_RECORD"]);
  });

  test("is refused to all but voters, whatever it says", () => {
    const office = officeOf({ brokers: "1" }, { controllers });
    for (const controllerId of [5, 2, 3001, -1]) {
      const response = office.ask("ControllerRegistration", { ...registration, controllerId });
      expect(response).toMatchObject({
        errorCode: 42,
        errorMessage: `Node ${controllerId} is no voter of this quorum.`,
      });
      expect(office.records).toEqual([]);
    }
  });

  test("moves no voter to another endpoint", () => {
    const [listener] = registration.listeners;
    for (const listeners of [
      [],
      [{ ...listener, host: "elsewhere" }],
      [{ ...listener, port: 1 }],
      [{ ...listener, name: "OTHER" }],
      [{ ...listener, securityProtocol: 9 }],
      [...registration.listeners, { ...registration.listeners[0], name: "OTHER" }],
    ]) {
      expect(ask(25, { listeners })).toBe(42);
    }
  });

  test("admits no voter that could not read the log as it is finalized", () => {
    const [kraft] = registration.features;
    const features = (maxSupportedVersion: number) => [
      kraft,
      { name: "metadata.version", minSupportedVersion: 7, maxSupportedVersion },
    ];
    expect(ask(25, { features: features(25) })).toBe(0);
    expect(ask(25, { features: features(24) })).toBe(42);
    expect(ask(25, { features: [kraft] })).toBe(42);
  });

  test("is refused below 3.7-IV0, under a broker's id, and with ranges that are none", () => {
    expect(ask(14, {})).toBe(35);
    expect(ask(25, { controllerId: 1 })).toBe(42);
    expect(ask(25, { controllerId: -1 })).toBe(42);
    const features = [{ name: "x", minSupportedVersion: 2, maxSupportedVersion: 1 }];
    expect(ask(25, { features })).toBe(42);
  });
});

describe("DescribeCluster", () => {
  test("lists the registered controllers and names the active one", () => {
    const office = officeOf({ brokers: "1" }, { controllers });
    office.ask("ControllerRegistration", registration);
    expect(office.ask("DescribeCluster", { endpointType: 2 })).toMatchObject({
      errorCode: 0,
      endpointType: 2,
      clusterId: "CLUSTER",
      controllerId: 3000,
      brokers: [{ brokerId: 3000, host: "h", port: 9_093, rack: null }],
      clusterAuthorizedOperations: -2_147_483_648,
    });
    const asked = { endpointType: 2, includeClusterAuthorizedOperations: true };
    expect(office.ask("DescribeCluster", asked).clusterAuthorizedOperations).toBe(8_096);
  });

  test("does not name a controller that was registered once and is no voter", () => {
    const endPoints = registration.listeners;
    const stranger = record("REGISTER_CONTROLLER_RECORD", 0, { controllerId: 5, endPoints });
    const office = officeOf({}, { controllers });
    office.view = replayed(office.view, [stranger]);
    expect(office.ask("DescribeCluster", { endpointType: 2 }).brokers).toEqual([]);
  });

  test("passes while it names no active controller, unless it is refused", () => {
    const office = officeOf({}, { controllers });
    const isPassing = (endpointType: number): boolean | undefined =>
      describeCluster.isPassing?.(office.ask("DescribeCluster", { endpointType }));
    expect([isPassing(2), isPassing(1)]).toEqual([true, false]);
    office.ask("ControllerRegistration", registration);
    expect([isPassing(2), isPassing(1)]).toEqual([false, false]);
  });

  test("names no active controller that is not in the list", () => {
    expect(officeOf({}).ask("DescribeCluster", { endpointType: 2 }).controllerId).toBe(-1);
  });

  test.each([
    [
      0,
      1,
      42,
      "The request was sent to an endpoint of type CONTROLLER, but we wanted an endpoint of type BROKER",
    ],
    [
      1,
      1,
      114,
      "The request was sent to an endpoint of type CONTROLLER, but we wanted an endpoint of type BROKER",
    ],
    [2, 3, 115, "Unsupported endpoint type 3"],
  ])(
    "version %i refuses the endpoint type %i",
    (version, endpointType, errorCode, errorMessage) => {
      const response = officeOf({}).ask("DescribeCluster", { endpointType }, version);
      expect(response).toMatchObject({ errorCode, errorMessage });
    },
  );

  test("knows no controllers below 3.7-IV0", () => {
    const office = officeOf({ metadataVersion: 14 });
    expect(office.ask("DescribeCluster", { endpointType: 2 }).errorCode).toBe(35);
  });
});
