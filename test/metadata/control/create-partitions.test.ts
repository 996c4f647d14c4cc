import { describe, expect, test } from "vitest";
import { createPartitions } from "../../../src/metadata/control/create-partitions.ts";
import type { MetadataImage } from "../../../src/metadata/image/metadata-image.ts";
import { topicByName } from "../../../src/metadata/image/topics-image.ts";
import { line, run, told, world } from "../world.ts";

const VIEW = world({
  brokers: "0 1 2f",
  topics: {
    foo: ["0,1 / 0,1 / 0", "1,0 / 1,0 / 1", "0,1 / 0,1 / 0"],
    bar: ["0,1 / 0,1 / 0", "1,0 / 1,0 / 1", "0,1 / 0,1 / 0", "1,0 / 1,0 / 1"],
    quux: ["0,1 / 0,1 / 0", "1,0 / 1,0 / 1"],
  },
});

interface Growth {
  readonly name: string;
  readonly count: number;
  readonly assignments?: readonly (readonly number[])[];
}
const grow = (topics: readonly Growth[], view: MetadataImage = VIEW, validateOnly = false) =>
  run(createPartitions, view, {
    validateOnly,
    topics: topics.map(({ assignments, ...topic }) => ({
      ...topic,
      assignments: assignments?.map((brokerIds) => ({ brokerIds })) ?? null,
    })),
  });

describe("a topic grows", () => {
  test("by partitions that the placer places, with the replication factor of its first", () => {
    const { view, records } = grow([{ name: "foo", count: 5 }]);
    expect(records.map(({ type }) => type)).toEqual(["PARTITION_RECORD", "PARTITION_RECORD"]);
    expect(topicByName(view.topics, "foo")?.partitionCount).toBe(5);
    for (const p of [3, 4])
      expect(line(view, "foo", p)).toMatch(/^(0,1|1,0) \/ \1 \/ [01] \/ 0 \/ 0$/);
  });

  test("by partitions assigned by hand, whose ISR is who is there", () => {
    const { view } = grow([{ name: "foo", count: 4, assignments: [[2, 1]] }]);
    expect(line(view, "foo", 3)).toBe("2,1 / 1 / 1 / 0 / 0");
  });

  test("only to see whether it could", () => {
    const { records, response } = grow([{ name: "foo", count: 5 }], VIEW, true);
    expect(records).toEqual([]);
    expect(response.results.map(told)).toEqual(["NONE"]);
  });
});

describe("growth is refused", () => {
  test.each<readonly [Growth, string]>([
    [{ name: "baz", count: 2 }, "UNKNOWN_TOPIC_OR_PARTITION"],
    [{ name: "quux", count: 2 }, "INVALID_PARTITIONS: Topic already has 2 partition(s)."],
    [
      { name: "bar", count: 3 },
      "INVALID_PARTITIONS: The topic bar currently has 4 partition(s); 3 would not be an increase.",
    ],
    [
      { name: "quux", count: -7 },
      "INVALID_PARTITIONS: The topic quux currently has 2 partition(s); -7 would not be an increase.",
    ],
    [
      { name: "quux", count: 4, assignments: [[0, 1]] },
      "INVALID_REPLICA_ASSIGNMENT: Attempted to add 2 additional partition(s), but only 1 assignment(s) were specified.",
    ],
    [
      { name: "bar", count: 5, assignments: [[1]] },
      "INVALID_REPLICA_ASSIGNMENT: The manual partition assignment includes a partition with 1 replica(s), but this is not consistent with previous partitions, which have 2 replica(s).",
    ],
    [
      { name: "foo", count: 4, assignments: [[3, 0]] },
      "INVALID_REPLICA_ASSIGNMENT: The manual partition assignment includes broker 3, but no such broker is registered.",
    ],
    [
      { name: "foo", count: 2_147_483_647 },
      "POLICY_VIOLATION: Unable to perform excessively large batch operation.",
    ],
  ])("%j: %s", (growth, expected) => {
    const { response, records } = grow([growth]);
    expect(response.results.map(told)).toEqual([expected]);
    expect(records).toEqual([]);
  });

  test("when the replicas of all topics together do not fit a batch, placed or by hand", () => {
    const ids = Array.from({ length: 100 }, (_, id) => id);
    const first = `${ids.join(",")} / 0 / 0`;
    const view = world({ brokers: ids.join(" "), topics: { a: [first], b: [first] } });
    // 20 bytes a replica: 4,194 partitions with 100 each are the last whose replicas could fit.
    const half = Array.from({ length: 2_097 }, () => ids);
    for (const growths of [
      [
        { name: "a", count: 1 + 4_194 },
        { name: "b", count: 2 },
      ],
      [
        { name: "a", count: 1 + half.length, assignments: half },
        { name: "b", count: 2 + half.length, assignments: [...half, ids] },
      ],
    ]) {
      const { response, records } = grow(growths, view);
      expect(new Set(response.results.map(told))).toEqual(
        new Set(["POLICY_VIOLATION: Unable to perform excessively large batch operation."]),
      );
      expect(records).toEqual([]);
    }
  });

  test("when nobody could lead, in the placer's own words", () => {
    const view = world({ brokers: "0f 1f", topics: { foo: ["0,1 / 0 / -1"] } });
    expect(grow([{ name: "foo", count: 2 }], view).response.results.map(told)).toEqual([
      "INVALID_REPLICATION_FACTOR: All brokers are currently fenced.",
    ]);
  });

  test("when the topic is named twice, once", () => {
    const { response } = grow([
      { name: "foo", count: 4 },
      { name: "foo", count: 5 },
    ]);
    expect(response.results.map(told)).toEqual(["INVALID_REQUEST: Duplicate topic name."]);
  });

  test("wholly: a fault in its last partition leaves nothing of the first, which Kafka would write", () => {
    const { view, records, response } = grow([
      {
        name: "foo",
        count: 5,
        assignments: [
          [0, 1],
          [2, 2],
        ],
      },
      {
        name: "quux",
        count: 5,
        assignments: [
          [0, 1],
          [0, 1],
          [2, 9],
        ],
      },
      { name: "bar", count: 5 },
    ]);
    expect(response.results.map(({ errorCode }) => errorCode)).toEqual([39, 39, 0]);
    expect(records).toHaveLength(1);
    expect(topicByName(view.topics, "foo")?.partitionCount).toBe(3);
    expect(topicByName(view.topics, "quux")?.partitionCount).toBe(2);
    expect(topicByName(view.topics, "bar")?.partitionCount).toBe(5);
  });

  test("by a partition that nobody could lead, likewise", () => {
    const { records, response } = grow([
      {
        name: "foo",
        count: 5,
        assignments: [
          [0, 1],
          [2, 0],
        ],
      },
    ]);
    expect(response.results.map(told)).toEqual(["NONE"]);
    expect(records).toHaveLength(2);
    const view = world({ brokers: "0 1 2f 3f", topics: { foo: ["0,1 / 0,1 / 0"] } });
    const refused = grow(
      [
        {
          name: "foo",
          count: 3,
          assignments: [
            [0, 1],
            [2, 3],
          ],
        },
      ],
      view,
    );
    expect(refused.response.results.map(told)).toEqual([
      "INVALID_REPLICA_ASSIGNMENT: All brokers specified in the manual partition assignment for " +
        "partition 2 are fenced or in controlled shutdown.",
    ]);
    expect(refused.records).toEqual([]);
  });

  test("as a whole when all of it is more than one batch", () => {
    const { records, response } = grow([
      { name: "foo", count: 9_003 },
      { name: "bar", count: 1_005 },
    ]);
    expect(new Set(response.results.map(({ errorCode }) => errorCode))).toEqual(new Set([44]));
    expect(records).toEqual([]);
  });
});

test.each([0, 1, 2, 3])("version %i can carry the answer", (apiVersion) => {
  const topics = [{ name: "foo", count: 4, assignments: null }];
  const { response } = run(createPartitions, VIEW, { topics }, { apiVersion });
  expect(response.results.map(told)).toEqual(["NONE"]);
});
