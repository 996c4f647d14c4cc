/**
 * Faults of Kafka's controller that are not copied, one test each: its name has Kafka's issue, or the class where none is
 * known, and says what is true here. Those of images and deltas are in `../replay/kafka-bugs.test.ts`.
 */
import { describe, expect, test } from "vitest";
import { takeOver } from "../../../src/metadata/activation.ts";
import { defaultBootstrap } from "../../../src/metadata/bootstrap.ts";
import { emptyImage, type MetadataImage } from "../../../src/metadata/image/metadata-image.ts";
import { partitionsOfTopic, topicByName } from "../../../src/metadata/image/topics-image.ts";
import {
  contactOf,
  initialLiveness,
  nextFencingDeadline,
} from "../../../src/metadata/liveness/broker-heartbeats.ts";
import { TOKEN_KEY } from "../token-key.ts";
import { directoryOf, Office, officeOf, registrationOf, SESSION_MS } from "../office.ts";
import {
  brokerEpoch,
  contextFor,
  line,
  record,
  replayed,
  told,
  topicIdOf,
  world,
  type WorldSpec,
} from "../world.ts";

const topic = (name: string, parts: object = {}) => ({
  name,
  numPartitions: 1,
  replicationFactor: 1,
  assignments: [],
  configs: [],
  ...parts,
});

const fencing = (view: MetadataImage): readonly unknown[] => {
  const office = new Office(view);
  office.heartbeat(0, { wantFence: true });
  return office.records;
};

const elr = (lines: readonly string[], brokers: string): Office =>
  officeOf({
    elr: true,
    brokers,
    topics: { a: lines },
    configs: { "broker:": { "min.insync.replicas": "2" } },
  });
const electUncleanly = (office: Office): string => {
  office.ask("ElectLeaders", {
    electionType: 1,
    topicPartitions: [{ topic: "a", partitions: [0] }],
  });
  return line(office.view, "a");
};

const move = (office: Office, replicas: readonly number[] | null): string => {
  office.ask("AlterPartitionReassignments", {
    topics: [{ name: "a", partitions: [{ partitionIndex: 0, replicas }] }],
  });
  return line(office.view, "a");
};

const controllers = [{ id: 3000, directoryId: directoryOf(3_000), endpoints: [] }];

const levelsWritten = (view: MetadataImage): number =>
  takeOver(view, contextFor(view, { controllers }), defaultBootstrap(25)).records.filter(
    ({ type }) => type === "FEATURE_LEVEL_RECORD",
  ).length;

/** A user whom a broker has let in, and for whom it forwards. */
const ANN = {
  principal: { type: "User", name: "ann", tokenAuthenticated: false },
  isForwarded: true,
  clientAddress: "10.0.0.1",
} as const;

const quotaEntry = (entityName: string, value: number) => ({
  entity: [{ entityType: "ip", entityName }],
  ops: [{ key: "connection_creation_rate", value, remove: false }],
});

describe("topics", () => {
  test("ReplicationControlManager: a CreatePartitions that is refused has created nothing", () => {
    const office = officeOf({ brokers: "0", topics: { a: ["0 / 0 / 0"], b: ["0 / 0 / 0"] } });
    const topics = [
      { name: "a", count: 3, assignments: null },
      { name: "b", count: 20_000, assignments: null },
    ];
    const { results } = office.ask("CreatePartitions", { topics });
    expect(results.map(told)).toEqual(
      Array.from({ length: 2 }, () => expect.stringMatching(/^POLICY_VIOLATION/)),
    );
    expect(office.records).toEqual([]);
  });

  test("ReplicationControlManager: two names of one request that collide are not both created", () => {
    const office = officeOf({ brokers: "0" });
    const { topics } = office.ask("CreateTopics", { topics: [topic("a.b"), topic("a_b")] });
    expect(topics.map(({ errorCode }) => errorCode)).toEqual([0, 17]);
    expect(topicByName(office.view.topics, "a_b")).toBeUndefined();
  });

  test("ReplicationControlManager: more than 10,000 partitions are refused before any is placed", () => {
    const office = officeOf({ brokers: "0" });
    const asked = topic("a", { numPartitions: 2_147_483_647 });
    expect(office.ask("CreateTopics", { topics: [asked, asked] }).topics.map(told)).toHaveLength(1);
    const { topics } = office.ask("CreateTopics", { topics: [asked] });
    expect(topics.map(told)).toEqual([
      "POLICY_VIOLATION: Excessively large number of partitions per request.",
    ]);
  });

  test("ClusterControlManager: a broker that is shutting down leads no new topic, after a failover too", () => {
    const office = officeOf({ brokers: "0s 1" });
    // The office is new: all that it knows of the shutdown is in the registration.
    for (const name of ["a", "b", "c", "d"]) {
      office.ask("CreateTopics", { topics: [topic(name, { replicationFactor: 2 })] });
      expect(line(office.view, name)).toBe("1,0 / 1 / 1 / 0 / 0");
    }
  });

  test("ReplicationControlManager: two controllers write the same records, in the same order", () => {
    const lines = ["0,1 / 0,1 / 0", "0,1 / 0,1 / 0"];
    const one = world({ brokers: "0 1", topics: { a: lines, b: lines, c: lines } });
    // The same state, by another way.
    const other = replayed(one, [
      record("REMOVE_TOPIC_RECORD", 0, { topicId: topicIdOf(0) }),
      record("TOPIC_RECORD", 0, { name: "a", topicId: topicIdOf(0) }),
      ...[...partitionsOfTopic(one.topics, topicIdOf(0))]
        .toReversed()
        .map(({ topicId, partitionId, partition }) =>
          record("PARTITION_RECORD", 2, { topicId, partitionId, ...partition }),
        ),
    ]);
    expect(fencing(other)).toEqual(fencing(one));
    expect(fencing(one)).toHaveLength(7);
  });
});

describe("configs", () => {
  test.each([
    ["an operation that is none", { configOperation: 7, value: "1" }],
    ["a null where something is set", { configOperation: 0, value: null }],
    ["a null that is appended", { configOperation: 2, value: null }],
  ])("ConfigurationControlManager: %s is refused, and the controller stays", (_claim, parts) => {
    const office = officeOf({ brokers: "0", topics: { a: ["0 / 0 / 0"] } });
    const configs = [{ name: "cleanup.policy", ...parts }];
    const { responses } = office.ask("IncrementalAlterConfigs", {
      resources: [{ resourceType: 2, resourceName: "a", configs }],
    });
    expect(responses.map(told)).toEqual([
      expect.stringMatching(/^(INVALID_REQUEST|INVALID_CONFIG): /),
    ]);
    expect(office.records).toEqual([]);
  });

  test("KafkaConfigSchema: a topic's effective configs do not depend on who is active", () => {
    const view = world({
      brokers: "0",
      topics: { a: ["0 / 0 / 0"] },
      configs: {
        "broker:3000": { "log.retention.ms": "1" },
        "broker:0": { "log.retention.ms": "2" },
      },
    });
    const values = [3000, 3001, 0].map((controllerId) => {
      const office = new Office(view, { controllerId });
      return office
        .ask("DescribeConfigs", {
          resources: [{ resourceType: 2, resourceName: "a", configurationKeys: ["retention.ms"] }],
        })
        .results.flatMap(({ configs }) => configs.map(({ value }) => value));
    });
    expect(values).toEqual([["604800000"], ["604800000"], ["604800000"]]);
  });
});

describe("partitions", () => {
  test("KAFKA-19522: who led last is not elected while it is not there", () => {
    const dead = elr(["0,1 / - / -1 ; last 0"], "0f 1f");
    expect(electUncleanly(dead)).toBe("0,1 / - / -1 / 0 / 0 ; last 0");
  });

  test("PartitionChangeBuilder: nobody, who is -1, never led last", () => {
    const office = elr(["0,1 / 0 / -1"], "0f 1f");
    office.ask("UnregisterBroker", { brokerId: 0 });
    expect(line(office.view, "a")).toBe("0,1 / - / -1 / 0 / 1 ; last 0");
  });

  test("PartitionChangeBuilder: to say where a replica lies takes nobody from the eligible", () => {
    const office = elr(["0,1,2 / 0 / 0 ; elr 1,2"], "0 1 2");
    const logDirs = [directoryOf(1), directoryOf(77)];
    office.view = replayed(office.view, [
      record("REGISTER_BROKER_RECORD", 3, {
        brokerId: 1,
        brokerEpoch: brokerEpoch(1),
        fenced: false,
        logDirs,
      }),
    ]);
    const topicId = topicIdOf(0);
    office.ask("AssignReplicasToDirs", {
      brokerId: 1,
      brokerEpoch: brokerEpoch(1),
      directories: [
        { id: directoryOf(77), topics: [{ topicId, partitions: [{ partitionIndex: 0 }] }] },
      ],
    });
    expect(line(office.view, "a")).toBe("0,1,2 / 0 / 0 / 0 / 1 ; elr 1,2");
  });

  test("ReplicationControlManager: who is unregistered is not eligible any more", () => {
    const office = elr(["0,1,2 / 0 / 0 ; elr 1,2"], "0 1f 2");
    office.ask("UnregisterBroker", { brokerId: 1 });
    expect(line(office.view, "a")).toBe("0,1,2 / 0 / 0 / 0 / 1 ; elr 2");
  });

  test("PartitionReassignmentReplicas: a move that is turned around keeps no list of the one before", () => {
    const office = officeOf({ brokers: "0 1 2 3", topics: { a: ["0,1 / 0,1 / 0"] } });
    expect(move(office, [2, 3])).toContain("adding 2,3");
    expect(move(office, [0, 1])).toBe("0,1 / 0,1 / 0 / 1 / 2");
  });

  test("KAFKA-14808: a move that is given up leaves no leader that is no replica", () => {
    const office = officeOf({
      brokers: "0f 1 2",
      topics: { a: ["0,1,2 / 1,2 / 2 ; adding 2 ; removing 0"] },
    });
    expect(move(office, null)).toBe("0,1 / 1 / 1 / 1 / 1");
  });
});

describe("brokers", () => {
  const spec: WorldSpec = { brokers: "0 1", topics: { a: ["0,1 / 0,1 / 0"] } };

  test("KAFKA-18138: a broker that died before a failover is fenced after it", () => {
    const office = officeOf(spec);
    expect(nextFencingDeadline(initialLiveness(office.view, 0), SESSION_MS)).toBe(SESSION_MS + 1);
    office.pass(SESSION_MS + 1);
    expect(office.view.cluster.brokers.get(0)?.fenced).toBe(true);
    expect(line(office.view, "a")).toBe("0,1 / 1 / -1 / 1 / 1");
  });

  test("KAFKA-14292: a shutdown is complete when all know of it, however often the broker calls", () => {
    const office = officeOf(spec);
    office.heartbeat(1);
    office.heartbeat(0, { wantShutDown: true });
    const first = contactOf(office.liveness, office.view.cluster.brokers.get(0) ?? never());
    for (let call = 0; call < 5; call += 1) {
      office.ask("AllocateProducerIds", { brokerId: 1, brokerEpoch: brokerEpoch(1) });
      office.heartbeat(0, { wantShutDown: true });
    }
    const last = contactOf(office.liveness, office.view.cluster.brokers.get(0) ?? never());
    expect(last?.controlledShutdownOffset).toBe(first?.controlledShutdownOffset);
    office.heartbeat(1);
    expect(office.heartbeat(0, { wantShutDown: true })).toMatch(/stop$/);
  });

  test("KAFKA-18635: a session is an incarnation's, and is not inherited by the next", () => {
    const office = officeOf({ brokers: "0f" });
    const second = { ...registrationOf(0), incarnationId: directoryOf(7_777) };
    office.ask("BrokerRegistration", second);
    const third = { ...second, incarnationId: directoryOf(7_778) };
    expect(office.ask("BrokerRegistration", third).errorCode).toBe(0);
  });
});

describe("features", () => {
  test("QuorumController: a log is empty if the log says so, not if this process remembers it", () => {
    expect(levelsWritten(emptyImage)).toBeGreaterThan(1);
    // Lost office before they were committed, and took it again.
    expect(levelsWritten(emptyImage)).toBeGreaterThan(1);
    expect(levelsWritten(world({}))).toBe(0);
  });

  test.each(["metadata.version", "transaction.version", "kraft.version"])(
    "FeatureControlManager: %s at the level that it has is written no second time",
    (feature) => {
      const { records } = takeOver(
        emptyImage,
        contextFor(emptyImage, { controllers }),
        defaultBootstrap(25),
      );
      const office = new Office(replayed(emptyImage, records), { controllers });
      const { metadataVersion, levels } = office.view.features;
      const level = feature === "metadata.version" ? metadataVersion : (levels.get(feature) ?? 1);
      const featureUpdates = [{ feature, maxVersionLevel: level, upgradeType: 1 }];
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the rest has defaults
      expect(office.ask("UpdateFeatures", { featureUpdates } as never).errorCode).toBe(0);
      expect(office.records).toEqual([]);
    },
  );
});

describe("configs", () => {
  test.each([[4], [-1], [127]])(
    "ControllerApis: an operation %i on a config is refused, and the controller stays",
    (configOperation) => {
      const office = officeOf({});
      const configs = [{ name: "retention.ms", configOperation, value: "1" }];
      const { responses } = office.ask("IncrementalAlterConfigs", {
        resources: [{ resourceType: 4, resourceName: "", configs }],
      });
      expect(responses.map(told)).toEqual([
        `INVALID_REQUEST: Unknown config operation ${configOperation} for key retention.ms.`,
      ]);
      expect(office.records).toEqual([]);
    },
  );
});

describe("security", () => {
  test("AclControlManager: who asks for entries that are not committed yet changes no committed image", () => {
    const office = officeOf({});
    const before = office.view;
    const { results } = office.ask("CreateAcls", {
      creations: [
        {
          resourceType: 2,
          resourceName: "a",
          resourcePatternType: 3,
          principal: "User:ann",
          host: "*",
          operation: 3,
          permissionType: 3,
        },
      ],
    });
    expect(results.map(told)).toEqual(["NONE"]);
    expect(before.acls.byId.size).toBe(0);
    expect(office.view.acls.byId.size).toBe(1);
  });

  test("ClientQuotaControlManager: an entity that is named twice is not altered by half", () => {
    const office = officeOf({});
    const entries = [quotaEntry("10.0.0.7", 1), quotaEntry("10.0.0.7", 2)];
    const { entries: answers } = office.ask("AlterClientQuotas", { entries });
    expect(answers.map(({ errorCode }) => errorCode)).toEqual([42]);
    expect(office.records).toEqual([]);
  });

  test("ClientQuotaControlManager: an address is judged by its letters, and no name server is asked", () => {
    const office = officeOf({});
    const { entries } = office.ask("AlterClientQuotas", { entries: [quotaEntry("localhost", 1)] });
    expect(entries.map(told)).toEqual([
      "INVALID_REQUEST: localhost is not a valid IP or resolvable host.",
    ]);
  });

  test("ScramControlManager: more users than a batch holds are refused, and the controller stays", () => {
    const office = officeOf({});
    const upsertions = Array.from({ length: 10_001 }, (_, at) => ({
      name: `user-${at}`,
      mechanism: 1,
      iterations: 4_096,
      salt: new Uint8Array(8),
      saltedPassword: new Uint8Array(32),
    }));
    const { results } = office.ask("AlterUserScramCredentials", { deletions: [], upsertions });
    expect(new Set(results.map(told))).toEqual(
      new Set(["POLICY_VIOLATION: Unable to perform excessively large batch operation."]),
    );
    expect(office.records).toEqual([]);
  });

  test("DelegationTokenControlManager: a token is found in the view that it was written to, by the office's clock", () => {
    const office = officeOf({}, { caller: ANN, delegationTokenKey: TOKEN_KEY });
    office.nowMs = 5_000;
    const { hmac, issueTimestampMs } = office.ask("CreateDelegationToken", { maxLifetimeMs: -1n });
    expect(issueTimestampMs).toBe(5_000);
    const { errorCode, expiryTimestampMs } = office.ask("RenewDelegationToken", {
      hmac,
      renewPeriodMs: 7n,
    });
    expect([errorCode, expiryTimestampMs]).toEqual([0, 5_007]);
  });
});

const never = (): never => {
  throw new Error("the broker is registered");
};
