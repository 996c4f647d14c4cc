import { describe, expect, test } from "vitest";
import { alterPartitionReassignments } from "../../../src/metadata/control/alter-partition-reassignments.ts";
import { listPartitionReassignments } from "../../../src/metadata/control/list-partition-reassignments.ts";
import type { MetadataImage } from "../../../src/metadata/image/metadata-image.ts";
import { line, run, told, world } from "../world.ts";

type Targets = readonly (readonly number[] | null)[];

function reassign(
  view: MetadataImage,
  targets: Targets,
  options: { readonly topic?: string; readonly mayChangeFactor?: boolean } = {},
) {
  const { topic = "foo", mayChangeFactor = true } = options;
  const ran = run(alterPartitionReassignments, view, {
    allowReplicationFactorChange: mayChangeFactor,
    topics: [
      {
        name: topic,
        partitions: targets.map((replicas, partitionIndex) => ({ partitionIndex, replicas })),
      },
    ],
  });
  const codes = ran.response.responses.flatMap(({ partitions }) => partitions.map(told));
  return { ...ran, codes };
}

const list = (view: MetadataImage, topics: object | null = null) =>
  run(listPartitionReassignments, view, { topics }).response.topics;

const one = (partition: string, brokers = "0 1 2 3 4 5"): MetadataImage =>
  world({ brokers, topics: { foo: [partition] } });

describe("a reassignment", () => {
  test.each<readonly [string, string, readonly number[], string]>([
    [
      "adds and removes, the target first",
      "3,2,1 / 3,2,1 / 3 / 0 / 0",
      [0, 2, 1],
      "0,2,1,3 / 3,2,1 / 3 / 0 / 1 ; removing 3 ; adding 0",
    ],
    [
      "to another order is complete at once",
      "1,2,3 / 1,2,3 / 1 / 0 / 0",
      [3, 2, 1],
      "3,2,1 / 1,2,3 / 1 / 0 / 1",
    ],
    [
      "to fewer is complete at once when they are in sync, and costs a leader epoch",
      "1,2,3,4 / 1,2,4 / 1 / 0 / 1",
      [1, 2, 4],
      "1,2,4 / 1,2,4 / 1 / 1 / 2",
    ],
    [
      "to fewer waits while one that stays is out of sync",
      "1,2,3,4 / 1,3 / 1 / 0 / 0",
      [1, 2],
      "1,2,3,4 / 1,3 / 1 / 0 / 1 ; removing 3,4",
    ],
    [
      "raises the replication factor",
      "4,3,2 / 4,3,2 / 4 / 0 / 0",
      [1, 2, 3, 4, 0],
      "1,2,3,4,0 / 4,3,2 / 4 / 0 / 1 ; adding 0,1",
    ],
    [
      "replaces one under way: all that is there now may have to go",
      "2,3,0,1 / 0,1,2 / 0 / 1 / 4 ; removing 0,1 ; adding 2,3",
      [4, 5],
      "4,5,0,1,2,3 / 0,1,2 / 0 / 1 / 5 ; removing 0,1,2,3 ; adding 2,3,4,5",
    ],
    [
      "goes on with the additions of one under way that it needs",
      "3,1,2 / 1,2 / 1 / 0 / 3 ; adding 3",
      [1, 2, 3],
      "1,2,3 / 1,2 / 1 / 0 / 4 ; adding 3",
    ],
    [
      "forgets the removals of one under way that it does not need, which Kafka keeps",
      "3,1,2 / 1,2 / 1 / 0 / 3 ; removing 2 ; adding 3",
      [1, 2, 3],
      "1,2,3 / 1,2 / 1 / 0 / 4 ; adding 3",
    ],
  ])("%s", (_name, from, target, expected) => {
    const ran = reassign(one(from), [target]);
    expect(ran.codes).toEqual(["NONE"]);
    expect(line(ran.view, "foo")).toBe(expected);
  });

  test("to where everything is already writes nothing", () => {
    const ran = reassign(one("1,2,3 / 1,2,3 / 1"), [[1, 2, 3]]);
    expect([ran.codes, ran.records]).toEqual([["NONE"], []]);
  });

  test("may name brokers that are fenced", () => {
    expect(reassign(one("0,1 / 0,1 / 0", "0 1 2f"), [[0, 2]]).codes).toEqual(["NONE"]);
  });
});

describe("a reassignment is refused", () => {
  const invalid = "INVALID_REPLICA_ASSIGNMENT: The manual partition assignment includes";
  test.each<readonly [readonly number[], string]>([
    [[5, 6, 7], `${invalid} broker 6, but no such broker is registered.`],
    [[], `${invalid} an empty replica list.`],
    [[1, 1], `${invalid} the broker 1 more than once.`],
  ])("to %j", (target, expected) => {
    const ran = reassign(one("0,1 / 0,1 / 0"), [target]);
    expect([ran.codes, ran.records]).toEqual([[expected], []]);
  });

  test("of what does not exist", () => {
    expect(reassign(one("0 / 0 / 0"), [[1]], { topic: "x" }).codes).toEqual([
      "UNKNOWN_TOPIC_OR_PARTITION: Unable to find a topic named x.",
    ]);
    expect(reassign(one("0 / 0 / 0"), [[1], [1]]).codes[1]).toBe(
      "UNKNOWN_TOPIC_OR_PARTITION: Unable to find partition foo:1.",
    );
  });

  test("where it changes a replication factor that is to stay, whatever is still to be removed (KIP-860)", () => {
    const fixed = { mayChangeFactor: false };
    expect(reassign(one("0,1 / 0,1 / 0"), [[0, 2]], fixed).codes).toEqual(["NONE"]);
    expect(reassign(one("0,1 / 0,1 / 0"), [[0]], fixed).codes).toEqual([
      "INVALID_REPLICATION_FACTOR: The replication factor is changed from 2 to 1",
    ]);
    const moving = one("2,3,0 / 0 / 0 ; removing 0 ; adding 2,3");
    expect(reassign(moving, [[4, 5]], fixed).codes).toEqual(["NONE"]);
  });

  test("when it is given up and there is none", () => {
    expect(reassign(one("0,1 / 0,1 / 0"), [null]).codes).toEqual(["NO_REASSIGNMENT_IN_PROGRESS"]);
  });

  test("as a whole when more than a batch would move", () => {
    const lines = Array.from({ length: 10_001 }, () => "0,1 / 0,1 / 0");
    const view = world({ brokers: "0 1 2", topics: { foo: lines } });
    const ran = reassign(
      view,
      lines.map(() => [0, 2]),
    );
    expect([ran.records.length, told(ran.response)]).toEqual([
      0,
      "POLICY_VIOLATION: Unable to perform excessively large batch operation.",
    ]);
  });
});

describe("a reassignment given up", () => {
  test("leaves what was there, in the order it has now, under a new leader epoch", () => {
    const ran = reassign(one("0,2,1,3 / 3,2,1 / 3 / 0 / 1 ; removing 3 ; adding 0"), [null]);
    expect(ran.codes).toEqual(["NONE"]);
    expect(line(ran.view, "foo")).toBe("2,1,3 / 3,2,1 / 3 / 1 / 2");
  });

  test("loses the added replicas from the ISR, and a leader among them", () => {
    const ran = reassign(one("4,5,3,2,1 / 4,5,2 / 4 / 0 / 1 ; adding 4,5"), [null]);
    expect(line(ran.view, "foo")).toBe("3,2,1 / 2 / 2 / 1 / 2");
  });

  test("after it was changed leaves what was there before it began", () => {
    const started = reassign(one("1,2,3 / 1,2,3 / 1 / 0 / 0"), [[4, 5]]).view;
    const changed = reassign(started, [[4, 1]]).view;
    expect(line(changed, "foo")).toBe(
      "4,1,2,3,5 / 1,2,3 / 1 / 0 / 2 ; removing 2,3,5 ; adding 4,5",
    );
    expect(line(reassign(changed, [null]).view, "foo")).toBe("1,2,3 / 1,2,3 / 1 / 1 / 3");
  });

  test("is refused where every replica is being added, as in a log of Kafka's it may", () => {
    const ran = reassign(one("4,5 / 4 / 4 / 0 / 1 ; adding 4,5"), [null]);
    expect([ran.codes, ran.records]).toEqual([
      [
        "INVALID_REPLICA_ASSIGNMENT: Invalid replica assignment: addingReplicas contains all replicas.",
      ],
      [],
    ]);
  });

  const allAdded = "4,5,3,2,1 / 4,5 / 4 / 0 / 1 ; adding 4,5";

  test("is refused where only added replicas are in sync", () => {
    expect(reassign(one(allAdded), [null]).codes).toEqual([
      "INVALID_REPLICA_ASSIGNMENT: Unable to revert partition assignment for foo:0 because it " +
        "would require an unclean leader election.",
    ]);
  });

  test.each([
    ["0 1 2 3 4 5", "3,2,1 / 3 / 3 / 1 / 2 ; recovering"],
    ["0 1 2 3f 4 5", "3,2,1 / 2 / 2 / 1 / 2 ; recovering"],
    ["0 1f 2f 3f 4 5", "3,2,1 / 3 / -1 / 1 / 2 ; recovering"],
  ])("is unclean there where the topic allows it, on brokers %s", (brokers, expected) => {
    const view = world({
      brokers,
      topics: { foo: [allAdded] },
      configs: { "topic:foo": { "unclean.leader.election.enable": "true" } },
    });
    expect(line(reassign(view, [null]).view, "foo")).toBe(expected);
  });

  test("twice in one request, is given up once", () => {
    const view = one("0,2,1,3 / 3,2,1 / 3 / 0 / 1 ; removing 3 ; adding 0");
    const partition = { partitionIndex: 0, replicas: null };
    const ran = run(alterPartitionReassignments, view, {
      topics: [{ name: "foo", partitions: [partition, partition] }],
    });
    expect(ran.response.responses[0]?.partitions.map(({ errorCode }) => errorCode)).toEqual([
      0, 85,
    ]);
  });
});

describe("the list of reassignments", () => {
  const view = world({
    brokers: "0 1 2 3",
    topics: {
      foo: ["0,1 / 0,1 / 0", "0,2,1 / 0,1 / 0 ; removing 1 ; adding 2"],
      bar: ["3,0 / 0 / 0 ; adding 3"],
      baz: ["0 / 0 / 0"],
    },
  });
  const foo1 = {
    partitionIndex: 1,
    replicas: [0, 2, 1],
    addingReplicas: [2],
    removingReplicas: [1],
  };

  test("of everything names what is under way", () => {
    expect(list(view)).toEqual([
      { name: "foo", partitions: [foo1] },
      {
        name: "bar",
        partitions: [
          { partitionIndex: 0, replicas: [3, 0], addingReplicas: [3], removingReplicas: [] },
        ],
      },
    ]);
  });

  test("of some passes over what is unknown or at rest", () => {
    const asked = [
      { name: "nope", partitionIndexes: [0] },
      { name: "baz", partitionIndexes: [0] },
      { name: "foo", partitionIndexes: [0, 1, 2] },
    ];
    expect(list(view, asked)).toEqual([{ name: "foo", partitions: [foo1] }]);
  });
});
