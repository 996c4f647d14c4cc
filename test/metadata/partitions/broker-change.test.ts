import { describe, expect, test } from "vitest";
import {
  partitionChangesAfter,
  type BrokerChange,
} from "../../../src/metadata/partitions/broker-change.ts";
import type { MetadataImage } from "../../../src/metadata/image/metadata-image.ts";
import { partitionAt } from "../../../src/metadata/image/topics-image.ts";
import { LOST_DIRECTORY } from "../../../src/protocol/index.ts";
import { directoryOf } from "../partition-notation.ts";
import {
  brokerEpoch,
  lawfullyReplayed,
  line,
  record,
  replayed,
  topicIdOf,
  world,
} from "../world.ts";

const after = (view: MetadataImage, change: BrokerChange): MetadataImage =>
  lawfullyReplayed(view, [...partitionChangesAfter(view, change)]);

const lines = (view: MetadataImage, count: number): string[] =>
  Array.from({ length: count }, (_, p) => line(view, "foo", p));

const fenced = (view: MetadataImage, brokerId: number, isFenced = true): MetadataImage =>
  replayed(view, [
    record("BROKER_REGISTRATION_CHANGE_RECORD", 0, {
      brokerId,
      brokerEpoch: brokerEpoch(brokerId),
      fenced: isFenced ? 1 : -1,
    }),
  ]);

/** As the controller fences: what becomes of partitions first, then the broker's own record. */
const fence = (view: MetadataImage, brokerId: number): MetadataImage =>
  fenced(after(view, { kind: "leaves", brokerId }), brokerId);
const unfence = (view: MetadataImage, brokerId: number): MetadataImage =>
  after(fenced(view, brokerId, false), { kind: "returns", brokerId });

describe("a broker that leaves", () => {
  test("leaves every ISR and leads nothing (promise P22)", () => {
    const view = world({
      brokers: "0 1 2",
      topics: { foo: ["0,1,2 / 0,1,2 / 0", "1,0,2 / 1,0 / 1", "1,2 / 1,2 / 1", "0,1 / 0 / 0"] },
    });
    expect(lines(fence(view, 0), 4)).toEqual([
      "0,1,2 / 1,2 / 1 / 1 / 1",
      "1,0,2 / 1 / 1 / 0 / 1",
      "1,2 / 1,2 / 1 / 0 / 0",
      "0,1 / 0 / -1 / 1 / 1",
    ]);
  });

  test("is written once: fenced again, it changes nothing", () => {
    const view = world({ brokers: "0 1", topics: { foo: ["0,1 / 0,1 / 0", "0,1 / 0 / 0"] } });
    const gone = fence(view, 0);
    expect([...partitionChangesAfter(gone, { kind: "leaves", brokerId: 0 })]).toEqual([]);
  });

  test("one after the other, each sees what the one before left (KAFKA-13173)", () => {
    const view = world({
      brokers: "0 1 2 3 4",
      topics: { foo: ["1,2,3 / 1,2,3 / 1", "2,3,4 / 2,3,4 / 2", "0,2,1 / 0,2,1 / 0"] },
    });
    const gone = [2, 3, 1].reduce(fence, view);
    expect(lines(gone, 3)).toEqual([
      "1,2,3 / 1 / -1 / 1 / 3",
      "2,3,4 / 4 / 4 / 2 / 2",
      "0,2,1 / 0 / 0 / 0 / 2",
    ]);
  });

  test("hands over uncleanly where the topic allows it", () => {
    const view = world({
      brokers: "0 1",
      topics: { foo: ["0,1 / 0 / 0"] },
      configs: { "broker:": { "unclean.leader.election.enable": "true" } },
    });
    expect(line(fence(view, 0), "foo")).toBe("0,1 / 1 / 1 / 1 / 1 ; recovering");
  });

  test("completes a reassignment that no longer needs it", () => {
    const view = world({
      brokers: "0 1 2 3",
      topics: { foo: ["1,2,3 / 1,2,3 / 3 ; removing 3", "1,2,3 / 1,3 / 3 ; removing 3"] },
    });
    expect(line(fence(view, 3), "foo", 0)).toBe("1,2 / 1,2 / 1 / 1 / 1");
    expect(line(fence(view, 3), "foo", 1)).toBe("1,2,3 / 1 / 1 / 1 / 1 ; removing 3");
  });
});

describe("a broker that returns", () => {
  test("leads again what it alone could lead, and nothing else", () => {
    const view = world({
      brokers: "0f 1 2",
      topics: { foo: ["0,1 / 0 / -1 / 4 / 9", "1,0 / 1 / 1", "2,1 / 2 / 2"] },
    });
    expect(lines(unfence(view, 0), 3)).toEqual([
      "0,1 / 0 / 0 / 5 / 10",
      "1,0 / 1 / 1 / 0 / 0",
      "2,1 / 2 / 2 / 0 / 0",
    ]);
  });

  test("is counted as there while the view still has it fenced, but not while it shuts down", () => {
    const topics = { foo: ["0,1 / 0 / -1"] };
    const change = { kind: "returns", brokerId: 0 } as const;
    expect(line(after(world({ brokers: "0f 1", topics }), change), "foo")).toBe(
      "0,1 / 0 / 0 / 1 / 1",
    );
    expect(line(after(world({ brokers: "0s 1", topics }), change), "foo")).toBe(
      "0,1 / 0 / -1 / 0 / 0",
    );
  });

  test("leads uncleanly only where it may", () => {
    const topics = { foo: ["0,1 / 1 / -1"] };
    const strict = world({ brokers: "0f 1f", topics });
    expect(line(unfence(strict, 0), "foo")).toBe("0,1 / 1 / -1 / 0 / 0");
    const lax = world({
      brokers: "0f 1f",
      topics,
      configs: { "topic:foo": { "unclean.leader.election.enable": "true" } },
    });
    expect(line(unfence(lax, 0), "foo")).toBe("0,1 / 0 / 0 / 1 / 1 ; recovering");
  });

  test("does not lead from a directory that is lost", () => {
    const view = world({ brokers: "0f 1f", topics: { foo: ["0,1 / 0 / -1"] } });
    const lost = replayed(view, [
      record("PARTITION_CHANGE_RECORD", 2, {
        topicId: topicIdOf(0),
        partitionId: 0,
        directories: [LOST_DIRECTORY, directoryOf(1)],
      }),
    ]);
    expect(line(unfence(lost, 0), "foo")).toBe("0,1 / 0 / -1 / 0 / 1");
  });
});

test("directories that fail take their replicas out of ISRs, and no others", () => {
  const view = world({ brokers: "0 1 2", topics: { foo: ["0,1 / 0,1 / 0", "0,2 / 0,2 / 0"] } });
  const moved = replayed(view, [
    record("PARTITION_CHANGE_RECORD", 2, {
      topicId: topicIdOf(0),
      partitionId: 1,
      directories: [directoryOf(77), directoryOf(2)],
    }),
  ]);
  const failed = after(moved, {
    kind: "directories-fail",
    brokerId: 0,
    directories: [directoryOf(0)],
  });
  expect(lines(failed, 2)).toEqual(["0,1 / 1 / 1 / 1 / 1", "0,2 / 0,2 / 0 / 0 / 1"]);
  const another = { kind: "directories-fail", brokerId: 0, directories: [directoryOf(1)] } as const;
  expect([...partitionChangesAfter(moved, another)]).toEqual([]);
});

describe("an unclean shutdown (KIP-966)", () => {
  test("costs the broker its place among the eligible", () => {
    const view = world({
      brokers: "0 1 2 3",
      elr: true,
      topics: { foo: ["0,1,2,3 / 0 / 0 ; elr 2,3"] },
      configs: { "topic:foo": { "min.insync.replicas": "3" } },
    });
    const first = after(view, { kind: "unclean-shutdown", brokerId: 3 });
    expect(line(first, "foo")).toBe("0,1,2,3 / 0 / 0 / 0 / 1 ; elr 2");
    const second = after(first, { kind: "unclean-shutdown", brokerId: 0 });
    expect(line(second, "foo")).toBe("0,1,2,3 / 2 / 2 / 1 / 2");
  });

  test("of everybody leaves the last leader remembered", () => {
    const view = world({
      brokers: "0 1 2",
      elr: true,
      topics: { foo: ["0,1,2 / 0,1,2 / 0"] },
      configs: { "topic:foo": { "min.insync.replicas": "2" } },
    });
    const gone = [0, 1, 2].reduce(fence, view);
    expect(line(gone, "foo")).toBe("0,1,2 / - / -1 / 3 / 3 ; elr 1,2 ; last 2");
    expect(line(unfence(gone, 1), "foo")).toBe("0,1,2 / 1 / 1 / 4 / 4 ; elr 2");
  });
});

test("every partition keeps its own state in a large table", () => {
  const count = 3_000;
  const view = world({
    brokers: "0 1 2",
    topics: {
      foo: Array.from({ length: count }, (_, p) =>
        p % 3 === 0 ? "0,1 / 0,1 / 0" : "1,2 / 1,2 / 1",
      ),
    },
  });
  const records = [...partitionChangesAfter(view, { kind: "leaves", brokerId: 0 })];
  expect(records.map(({ data }) => data.partitionId)).toEqual(
    Array.from({ length: count / 3 }, (_, i) => i * 3),
  );
  const gone = replayed(view, records);
  expect(partitionAt(gone.topics, topicIdOf(0), 2_997)?.leader).toBe(1);
  expect(partitionAt(gone.topics, topicIdOf(0), 2_998)?.leaderEpoch).toBe(0);
});
