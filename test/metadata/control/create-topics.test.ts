import { describe, expect, test } from "vitest";
import { createTopics } from "../../../src/metadata/control/create-topics.ts";
import { uniqueId } from "../../../src/metadata/control/unique-id.ts";
import type { MetadataImage } from "../../../src/metadata/image/metadata-image.ts";
import { topicByName } from "../../../src/metadata/image/topics-image.ts";
import { BATCH_BYTES_MAX, isReservedUuid, ZERO_UUID } from "../../../src/protocol/index.ts";
import { seeded } from "../../../src/std/random.ts";
import { directoryOf } from "../partition-notation.ts";
import {
  brokerEpoch,
  contextFor,
  line,
  record,
  replayed,
  run,
  storedBytes,
  told,
  world,
} from "../world.ts";

const THREE = world({ brokers: "0 1 2" });

interface Topic {
  readonly name: string;
  readonly numPartitions?: number;
  readonly replicationFactor?: number;
  readonly assignments?: readonly (readonly number[])[];
  readonly configs?: Readonly<Record<string, string | null>>;
}

function requestOf(topics: readonly Topic[], validateOnly = false): object {
  return {
    validateOnly,
    topics: topics.map(
      ({ name, numPartitions, replicationFactor, assignments = [], configs = {} }) => ({
        name,
        numPartitions: numPartitions ?? -1,
        replicationFactor: replicationFactor ?? -1,
        assignments: assignments.map((brokerIds, partitionIndex) => ({
          partitionIndex,
          brokerIds,
        })),
        configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
      }),
    ),
  };
}

const create = (view: MetadataImage, topics: readonly Topic[], validateOnly = false) =>
  run(createTopics, view, requestOf(topics, validateOnly));

const toldOf = (view: MetadataImage, topic: Topic): string | undefined =>
  create(view, [topic]).response.topics.map(told)[0];

describe("a topic is created", () => {
  test("with the defaults of the controller, in one batch of topic, configs and partitions", () => {
    const { view, records, response } = create(THREE, [
      { name: "foo", configs: { "retention.ms": "1000", "cleanup.policy": "compact" } },
    ]);
    expect(records.map(({ type }) => type)).toEqual([
      "TOPIC_RECORD",
      "CONFIG_RECORD",
      "CONFIG_RECORD",
      "PARTITION_RECORD",
    ]);
    expect(response.topics).toMatchObject([
      {
        name: "foo",
        errorCode: 0,
        errorMessage: null,
        topicId: topicByName(view.topics, "foo")?.id,
        numPartitions: 1,
        replicationFactor: 3,
      },
    ]);
  });

  test("with all its effective configs told, and where each comes from", () => {
    const view = world({
      brokers: "0 1 2",
      configs: { "broker:": { "log.retention.hours": "2", "min.insync.replicas": "2" } },
    });
    const [topic] = create(view, [{ name: "foo", configs: { "segment.ms": "7" } }]).response.topics;
    const values = new Map(topic?.configs?.map((c) => [c.name, `${c.value} ${c.configSource}`]));
    expect([...values.keys()]).toEqual([...values.keys()].toSorted());
    expect(values.get("segment.ms")).toBe("7 1");
    expect(values.get("retention.ms")).toBe("7200000 3");
    expect(values.get("min.insync.replicas")).toBe("2 3");
    expect(values.get("cleanup.policy")).toBe("delete 5");
    expect(values.size).toBe(33);
  });

  test("on active brokers, with fenced ones as followers outside the ISR", () => {
    const view = world({ brokers: "0 1f 2f" });
    const after = create(view, [{ name: "foo" }]).view;
    expect(line(after, "foo")).toMatch(/^0,[12],[12] \/ 0 \/ 0 \/ 0 \/ 0$/);
  });

  test("while one of three brokers shuts down: that one never leads and is not in sync (promise P25)", () => {
    const view = world({ brokers: "0 1s 2" });
    const after = create(view, [{ name: "foo", numPartitions: 6 }]).view;
    for (let p = 0; p < 6; p++) expect(line(after, "foo", p)).toMatch(/ \/ ([02],[02]) \/ [02] \//);
  });

  test("as the request assigns it", () => {
    const after = create(world({ brokers: "0 1 2f" }), [
      {
        name: "foo",
        assignments: [
          [2, 1, 0],
          [0, 2, 1],
        ],
      },
    ]).view;
    expect(line(after, "foo", 0)).toBe("2,1,0 / 1,0 / 1 / 0 / 0");
    expect(line(after, "foo", 1)).toBe("0,2,1 / 0,1 / 0 / 0 / 0");
  });

  test("only to see whether it could be: nothing is written, the answer is the same", () => {
    const real = create(THREE, [{ name: "foo", numPartitions: 2 }]);
    const trial = create(THREE, [{ name: "foo", numPartitions: 2 }], true);
    expect(trial.records).toEqual([]);
    expect(trial.response).toEqual(real.response);
  });

  test("below 3.7-IV2 without directories", () => {
    const view = world({ brokers: "0 1 2", metadataVersion: 15 });
    const { records } = create(view, [{ name: "foo" }]);
    expect(records.at(-1)).toMatchObject({ version: 0, data: { directories: [] } });
  });

  test("beside one that cannot be: each has its own answer, in the request's order", () => {
    const { response, view } = create(THREE, [{ name: "bad/name" }, { name: "good" }]);
    expect(response.topics.map(({ name, errorCode }) => [name, errorCode])).toEqual([
      ["bad/name", 17],
      ["good", 0],
    ]);
    expect(line(view, "good")).not.toBe("none");
  });
});

describe("a topic is refused", () => {
  const view = world({
    brokers: "0 1 2",
    topics: {
      foo: ["0 / 0 / 0"],
      foo_bar: ["0 / 0 / 0"],
      "woo.bar.foo": ["0 / 0 / 0"],
      "woo.bar_foo": ["0 / 0 / 0"],
    },
  });
  test.each<readonly [Topic, string]>([
    [
      { name: "" },
      "INVALID_TOPIC_EXCEPTION: Topic name is invalid: the empty string is not allowed",
    ],
    [{ name: "." }, "INVALID_TOPIC_EXCEPTION: Topic name is invalid: '.' is not allowed"],
    [{ name: ".." }, "INVALID_TOPIC_EXCEPTION: Topic name is invalid: '..' is not allowed"],
    [
      { name: "a".repeat(250) },
      `INVALID_TOPIC_EXCEPTION: Topic name is invalid: the length of '${"a".repeat(250)}' is longer than the max allowed length 249`,
    ],
    [
      { name: "bad/name" },
      "INVALID_TOPIC_EXCEPTION: Topic name is invalid: 'bad/name' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'",
    ],
    [
      { name: "__cluster_metadata" },
      "INVALID_REQUEST: Creation of internal topic __cluster_metadata is prohibited.",
    ],
    [{ name: "foo" }, "TOPIC_ALREADY_EXISTS: Topic 'foo' already exists."],
    [{ name: "foo_bar" }, "TOPIC_ALREADY_EXISTS: Topic 'foo_bar' already exists."],
    [
      { name: "foo.bar" },
      "INVALID_TOPIC_EXCEPTION: Topic 'foo.bar' collides with existing topic: foo_bar",
    ],
    [
      { name: "woo_bar.foo" },
      "INVALID_TOPIC_EXCEPTION: Topic 'woo_bar.foo' collides with existing topic: woo.bar.foo",
    ],
    [
      { name: "x", configs: { foo: null, bar: null } },
      "INVALID_CONFIG: Null value not supported for topic configs: foo,bar",
    ],
    [{ name: "x", configs: { foo: "1" } }, "INVALID_CONFIG: Unknown topic config name: foo"],
    [
      { name: "x", configs: { "retention.ms": "é".repeat(16_384) } },
      "INVALID_CONFIG: The configuration value cannot be added because it exceeds the maximum value size of 32767 bytes.",
    ],
    [
      { name: "x", replicationFactor: 0 },
      "INVALID_REPLICATION_FACTOR: Replication factor must be larger than 0, or -1 to use the default value.",
    ],
    [
      { name: "x", replicationFactor: -2 },
      "INVALID_REPLICATION_FACTOR: Replication factor must be larger than 0, or -1 to use the default value.",
    ],
    [
      { name: "x", numPartitions: 0 },
      "INVALID_PARTITIONS: Number of partitions was set to an invalid non-positive value.",
    ],
    [
      { name: "x", replicationFactor: 4 },
      "INVALID_REPLICATION_FACTOR: Unable to replicate the partition 4 time(s): The target replication factor of 4 cannot be reached because only 3 broker(s) are registered.",
    ],
    [
      { name: "x", assignments: [[0]], replicationFactor: 1 },
      "INVALID_REQUEST: A manual partition assignment was specified, but replication factor was not set to -1.",
    ],
    [
      { name: "x", assignments: [[0]], numPartitions: 1 },
      "INVALID_REQUEST: A manual partition assignment was specified, but numPartitions was not set to -1.",
    ],
    [
      { name: "x", assignments: [[]] },
      "INVALID_REPLICA_ASSIGNMENT: The manual partition assignment includes an empty replica list.",
    ],
    [
      { name: "x", assignments: [[0, 7]] },
      "INVALID_REPLICA_ASSIGNMENT: The manual partition assignment includes broker 7, but no such broker is registered.",
    ],
    [
      { name: "x", assignments: [[0, 0]] },
      "INVALID_REPLICA_ASSIGNMENT: The manual partition assignment includes the broker 0 more than once.",
    ],
    [
      { name: "x", assignments: [[0, 1], [2]] },
      "INVALID_REPLICA_ASSIGNMENT: The manual partition assignment includes a partition with 1 replica(s), but this is not consistent with previous partitions, which have 2 replica(s).",
    ],
  ])("%j: %s", (topic, expected) => {
    expect(toldOf(view, topic)).toBe(expected);
  });

  test.each([
    ["", "All brokers are currently fenced."],
    ["0f 1f 2f", "All brokers are currently fenced."],
    ["0s 1f 2f", "All brokers are currently fenced or in controlled shutdown."],
  ])("when nobody could lead it, on brokers '%s': %s", (brokers, reason) => {
    expect(toldOf(world({ brokers }), { name: "foo" })).toBe(
      `INVALID_REPLICATION_FACTOR: Unable to replicate the partition 3 time(s): ${reason}`,
    );
  });

  test("when nobody could lead a partition assigned by hand", () => {
    expect(toldOf(world({ brokers: "0 1f 2s" }), { name: "foo", assignments: [[0], [1]] })).toBe(
      "INVALID_REPLICA_ASSIGNMENT: All brokers specified in the manual partition assignment for " +
        "partition 1 are fenced or in controlled shutdown.",
    );
  });

  test.each([
    [[0, 0], "Found multiple manual partition assignments for partition 0"],
    [[0, 2], "partitions should be a consecutive 0-based integer sequence"],
    [[1, 2], "partitions should be a consecutive 0-based integer sequence"],
    [[-1, 0], "partitions should be a consecutive 0-based integer sequence"],
  ])("when its assignments are numbered %j: %s", (indexes, reason) => {
    const topic = {
      name: "foo",
      numPartitions: -1,
      replicationFactor: -1,
      assignments: indexes.map((partitionIndex) => ({ partitionIndex, brokerIds: [0] })),
      configs: [],
    };
    const { response } = run(createTopics, THREE, { topics: [topic] });
    expect(response.topics.map(told)).toEqual([`INVALID_REPLICA_ASSIGNMENT: ${reason}`]);
  });

  test("when the request names it twice, once", () => {
    const { response, records } = create(THREE, [{ name: "foo" }, { name: "foo" }]);
    expect(response.topics.map(told)).toEqual(["INVALID_REQUEST: Duplicate topic name."]);
    expect(records).toEqual([]);
  });

  test("when it collides with a topic of the same request, which Kafka lets through", () => {
    const { response, view: after } = create(THREE, [
      { name: "a.b" },
      { name: "a_b" },
      { name: "ab" },
    ]);
    expect(response.topics.map(told)).toEqual([
      "NONE",
      "INVALID_TOPIC_EXCEPTION: Topic 'a_b' collides with another topic of this request: a.b",
      "NONE",
    ]);
    expect(line(after, "a_b")).toBe("none");
  });

  test("with blank fields besides the error", () => {
    const [topic] = create(THREE, [{ name: "." }]).response.topics;
    expect(topic).toMatchObject({
      topicId: ZERO_UUID,
      numPartitions: -1,
      replicationFactor: -1,
      configs: [],
      topicConfigErrorCode: 0,
    });
  });
});

const cordoned = (brokers: string, ...ids: readonly number[]): MetadataImage =>
  ids.reduce(
    (view, brokerId) =>
      replayed(view, [
        record("BROKER_REGISTRATION_CHANGE_RECORD", 3, {
          brokerId,
          brokerEpoch: brokerEpoch(brokerId),
          cordonedLogDirs: [directoryOf(brokerId)],
        }),
      ]),
    world({ brokers, metadataVersion: 30 }),
  );

describe("a broker all of whose directories are cordoned (KIP-1066)", () => {
  test("gets no new replica", () => {
    const topic = { name: "foo", numPartitions: 6, replicationFactor: 2 };
    const { view } = create(cordoned("0 1 2", 1), [topic]);
    for (let p = 0; p < 6; p++) expect(line(view, "foo", p)).toMatch(/^(0,2|2,0) /);
  });

  test("is spoken of where the others are too few", () => {
    expect(toldOf(cordoned("0 1 2", 1), { name: "foo" })).toBe(
      "INVALID_REPLICATION_FACTOR: Unable to replicate the partition 3 time(s): The target " +
        "replication factor of 3 cannot be reached because only 2 broker(s) are registered or " +
        "some brokers have all their log directories cordoned.",
    );
  });

  test("is refused in an assignment by hand", () => {
    expect(toldOf(cordoned("0 1", 1), { name: "foo", assignments: [[0, 1]] })).toBe(
      "INVALID_REPLICA_ASSIGNMENT: The manual partition assignment includes broker 1, but all " +
        "its log directories are cordoned.",
    );
  });
});

const brokersOf = (count: number): MetadataImage =>
  world({ brokers: Array.from({ length: count }, (_, id) => id).join(" ") });

/** Topics of so many partitions, each with 100 replicas. */
const wide = (count: number, numPartitions: number): readonly Topic[] =>
  Array.from({ length: count }, (_, at) => ({
    name: `t${at}`,
    numPartitions,
    replicationFactor: 100,
  }));

describe("a request is one batch", () => {
  test.each<readonly [number, string]>([
    [9_999, "NONE"],
    [10_000, "POLICY_VIOLATION: Unable to perform excessively large batch operation."],
    [10_001, "POLICY_VIOLATION: Excessively large number of partitions per request."],
    [2 ** 31 - 1, "POLICY_VIOLATION: Excessively large number of partitions per request."],
  ])("of %i partitions: %s", (numPartitions, expected) => {
    const operation = createTopics.run(
      THREE,
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the request is the test's own
      { ...requestOf([{ name: "foo", numPartitions }]), timeoutMs: 0 } as never,
      contextFor(THREE),
    );
    expect(operation.response.topics.map(told)).toEqual([expected]);
    expect(operation.records).toHaveLength(expected === "NONE" ? 10_000 : 0);
  });

  const excessive = "POLICY_VIOLATION: Unable to perform excessively large batch operation.";

  test("whose replicas alone do not fit a batch is refused, be they of one topic or of many, and however placed", () => {
    const view = brokersOf(100);
    const ids = Array.from({ length: 100 }, (_, id) => id);
    // A replica takes 20 bytes at the least: 4,194 partitions with 100 each are the last whose replicas could fit.
    const byHand = [{ name: "t", assignments: Array.from({ length: 4_195 }, () => ids) }];
    for (const asked of [wide(1, 4_195), wide(5, 839), byHand]) {
      const { records, response } = create(view, asked);
      expect(response.topics.map(told)).toEqual(asked.map(() => excessive));
      expect(records).toEqual([]);
    }
  });

  test("is never refused for its replicas where its records fit a batch", () => {
    for (const [metadataVersion, brokers] of [
      [7, 200],
      [25, 100],
      [25, 1_000],
    ] as const) {
      const view = world({
        metadataVersion,
        brokers: Array.from({ length: brokers }, (_, id) => id).join(" "),
      });
      const bytes = (metadataVersion < 17 ? 8 : 24) * brokers + 80;
      const numPartitions = Math.floor(BATCH_BYTES_MAX / bytes);
      const { records, response } = createTopics.run(
        view,
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the request is the test's own
        requestOf([{ name: "foo", numPartitions, replicationFactor: brokers }]) as never,
        contextFor(view),
      );
      expect(response.topics.map(told)).toEqual(["NONE"]);
      expect(storedBytes(records)).toBeGreaterThan(0.9 * BATCH_BYTES_MAX);
    }
  });

  test("is refused for a factor beyond the brokers, however large it is", () => {
    const topic = { name: "foo", numPartitions: 9_999, replicationFactor: 32_767 };
    expect(toldOf(THREE, topic)).toMatch(/^INVALID_REPLICATION_FACTOR/);
  });

  test("too large as a whole, every topic is refused, good or bad", () => {
    const { response, records } = create(THREE, [
      { name: "a", numPartitions: 9_000 },
      { name: ".", numPartitions: 1 },
      { name: "b", numPartitions: 1_001 },
    ]);
    expect(new Set(response.topics.map(({ errorCode }) => errorCode))).toEqual(new Set([44]));
    expect(records).toEqual([]);
  });

  test("topics of one request, and of two at different offsets with the same draws, have different ids", () => {
    const random = seeded(5);
    const ids = new Set<string>();
    for (let offset = 0; offset < 2_000; offset++) ids.add(uniqueId(random, offset));
    for (let offset = 2 ** 32; offset < 2 ** 32 + 2_000; offset++)
      ids.add(uniqueId(random, offset));
    expect(ids.size).toBe(4_000);
  });

  test("no id is reserved or begins with a dash", () => {
    for (let seed = 0; seed < 2_000; seed++) {
      const id = uniqueId(seeded(seed), seed);
      expect(id).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_-]{21}$/);
      expect(isReservedUuid(id)).toBe(false);
    }
  });
});

test.each([2, 3, 4, 5, 6, 7])("version %i can carry every answer", (apiVersion) => {
  const request = requestOf([{ name: "foo" }, { name: "bad/name" }]);
  const { response } = run(createTopics, THREE, request, { apiVersion });
  expect(response.topics).toHaveLength(2);
});
