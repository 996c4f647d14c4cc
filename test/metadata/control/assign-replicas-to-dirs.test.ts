import { describe, expect, test } from "vitest";
import { BOUNDED_BATCH_RECORDS } from "../../../src/metadata/control/batch-bound.ts";
import { assignReplicasToDirs } from "../../../src/metadata/control/assign-replicas-to-dirs.ts";
import type { MetadataImage } from "../../../src/metadata/image/metadata-image.ts";
import { partitionAt } from "../../../src/metadata/image/topics-image.ts";
import { LOST_DIRECTORY, type Uuid } from "../../../src/protocol/index.ts";
import { directoryOf } from "../partition-notation.ts";
import { brokerEpoch, line, record, replayed, run, told, topicIdOf, world } from "../world.ts";

const FOO = topicIdOf(0);
const SECOND = directoryOf(11);
const OFFLINE = directoryOf(99);

/** Broker 1 has two directories. */
const withTwoDirectories = (view: MetadataImage): MetadataImage =>
  replayed(view, [
    record("BROKER_REGISTRATION_CHANGE_RECORD", 2, {
      brokerId: 1,
      brokerEpoch: brokerEpoch(1),
      logDirs: [directoryOf(1), SECOND],
    }),
  ]);

const VIEW = withTwoDirectories(
  world({
    brokers: "0 1 2",
    topics: { foo: ["1,2 / 1,2 / 1", "2,1 / 2,1 / 2", "0,2 / 0,2 / 0", "1,2 / 1 / 1"] },
  }),
);

function assign(
  directory: Uuid,
  partitions: readonly number[],
  options: { readonly view?: MetadataImage; readonly topicId?: Uuid; readonly epoch?: number } = {},
) {
  const { view = VIEW, topicId = FOO, epoch = brokerEpoch(1) } = options;
  const ran = run(assignReplicasToDirs, view, {
    brokerId: 1,
    brokerEpoch: epoch,
    directories: [
      {
        id: directory,
        topics: [{ topicId, partitions: partitions.map((partitionIndex) => ({ partitionIndex })) }],
      },
    ],
  });
  const codes = ran.response.directories.flatMap(({ topics }) =>
    topics.flatMap((topic) => topic.partitions.map(told)),
  );
  const directoryIn = (partitionId: number): Uuid | undefined => {
    const state = partitionAt(ran.view.topics, topicId, partitionId);
    return state?.directories[state.replicas.indexOf(1)];
  };
  return { ...ran, codes, directoryIn };
}

describe("replicas are assigned", () => {
  test("to an online directory: the broker's slot changes, nothing else", () => {
    const ran = assign(SECOND, [0, 1]);
    expect(ran.codes).toEqual(["NONE", "NONE"]);
    expect(ran.records).toHaveLength(2);
    expect([ran.directoryIn(0), ran.directoryIn(1)]).toEqual([SECOND, SECOND]);
    expect(line(ran.view, "foo", 0)).toBe("1,2 / 1,2 / 1 / 0 / 1");
    expect(partitionAt(ran.view.topics, FOO, 0)?.directories[1]).toBe(directoryOf(2));
  });

  test("to where they are: nothing is written", () => {
    const ran = assign(directoryOf(1), [0]);
    expect([ran.codes, ran.records]).toEqual([["NONE"], []]);
  });

  test.each([
    ["a directory that is offline", OFFLINE],
    ["the lost directory", LOST_DIRECTORY],
  ])("to %s: the replica leaves the ISR and leads nothing, in one record", (_name, directory) => {
    const ran = assign(directory, [0, 1, 3]);
    expect(ran.codes).toEqual(["NONE", "NONE", "NONE"]);
    expect(ran.records).toHaveLength(3);
    expect(line(ran.view, "foo", 0)).toBe("1,2 / 2 / 2 / 1 / 1");
    expect(line(ran.view, "foo", 1)).toBe("2,1 / 2 / 2 / 0 / 1");
    expect(line(ran.view, "foo", 3)).toBe("1,2 / 1 / -1 / 1 / 1");
    expect(ran.directoryIn(0)).toBe(directory);
  });

  test("back to an online directory, a partition that it alone can lead has a leader again", () => {
    const lost = assign(LOST_DIRECTORY, [3]).view;
    const ran = assign(SECOND, [3], { view: lost });
    expect(line(ran.view, "foo", 3)).toBe("1,2 / 1 / 1 / 2 / 2");
  });

  test("keeping eligible leader replicas, which Kafka 4.0 would wipe", () => {
    const view = withTwoDirectories(
      world({
        brokers: "1 2 3",
        elr: true,
        topics: { foo: ["1,2,3 / 1 / 1 ; elr 2"] },
        configs: { "topic:foo": { "min.insync.replicas": "2" } },
      }),
    );
    expect(line(assign(SECOND, [0], { view }).view, "foo")).toBe("1,2,3 / 1 / 1 / 0 / 1 ; elr 2");
  });

  test("named twice, they lie where they were named last", () => {
    const topics = [{ topicId: FOO, partitions: [{ partitionIndex: 0 }] }];
    const ran = run(assignReplicasToDirs, VIEW, {
      brokerId: 1,
      brokerEpoch: brokerEpoch(1),
      directories: [
        { id: SECOND, topics },
        { id: directoryOf(1), topics },
      ],
    });
    expect(partitionAt(ran.view.topics, FOO, 0)?.directories[0]).toBe(directoryOf(1));
    expect(partitionAt(ran.view.topics, FOO, 0)?.partitionEpoch).toBe(2);
  });
});

describe("an assignment is refused", () => {
  test("replica by replica", () => {
    expect(assign(SECOND, [137, 2, 0]).codes).toEqual([
      "UNKNOWN_TOPIC_OR_PARTITION",
      "NOT_LEADER_OR_FOLLOWER",
      "NONE",
    ]);
    expect(assign(SECOND, [0], { topicId: topicIdOf(9) }).codes).toEqual(["UNKNOWN_TOPIC_ID"]);
  });

  test("wholly from another incarnation, or below 3.7-IV2", () => {
    expect(told(assign(SECOND, [0], { epoch: 7 }).response)).toBe("STALE_BROKER_EPOCH");
    const old = world({ brokers: "0 1", metadataVersion: 16, topics: {} });
    expect(told(assign(SECOND, [0], { view: old, epoch: 7 }).response)).toBe("UNSUPPORTED_VERSION");
  });
});

test("more replicas than a batch holds are assigned as far as it goes, and the rest is asked for again", () => {
  const count = BOUNDED_BATCH_RECORDS + 3;
  const lines = Array.from({ length: count }, () => "1,2 / 1,2 / 1");
  const view = withTwoDirectories(world({ brokers: "1 2", topics: { foo: lines } }));
  const partitions = Array.from({ length: count }, (_, p) => p);
  const ran = assign(SECOND, partitions, { view });
  expect(ran.records).toHaveLength(BOUNDED_BATCH_RECORDS);
  expect(ran.codes.slice(-5)).toEqual(["NONE", "NONE", ...Array(3).fill("REQUEST_TIMED_OUT")]);
  const rest = assign(SECOND, partitions, { view: ran.view });
  expect(rest.records).toHaveLength(3);
  expect(new Set(rest.codes)).toEqual(new Set(["NONE"]));
});
