/**
 * What an earlier image keeps in memory for itself alone: nothing at first, then each chunk of partitions that a later
 * one has written to.
 */
import { expect, test } from "vitest";
import { unsharedChunks } from "../../src/metadata/image/unshared-chunks.ts";
import { emptyImage, type MetadataImage } from "../../src/metadata/image/metadata-image.ts";
import { applyRecords } from "../../src/metadata/replay/apply-records.ts";
import {
  PartitionChangeRecord,
  PartitionRecord,
  RemoveTopicRecord,
  TopicRecord,
  UNASSIGNED_DIRECTORY,
  type MetadataRecord,
} from "../../src/protocol/index.ts";
import { topicIdOf } from "./world.ts";

const NO_END = Number.POSITIVE_INFINITY;

const after = (image: MetadataImage, ...records: readonly MetadataRecord[]): MetadataImage =>
  applyRecords(image, records, { endOffset: 1, epoch: 1, timestampMs: 0 });

/** A topic of so many partitions, 256 to a chunk. */
const topic = (index: number, partitions: number): readonly MetadataRecord[] => [
  TopicRecord.of(0, { name: `topic-${index}`, topicId: topicIdOf(index) }),
  ...Array.from({ length: partitions }, (_, partitionId) =>
    PartitionRecord.of(1, {
      topicId: topicIdOf(index),
      partitionId,
      replicas: [1],
      isr: [1],
      leader: 1,
      leaderEpoch: 0,
      partitionEpoch: 0,
      directories: [UNASSIGNED_DIRECTORY],
    }),
  ),
];

const ledBy = (index: number, partitionId: number, leader: number): MetadataRecord =>
  PartitionChangeRecord.of(0, { topicId: topicIdOf(index), partitionId, leader });

const before = after(emptyImage, ...topic(0, 600), ...topic(1, 10), ...topic(2, 10));
test("an image shares everything with itself, and with one that differs in other areas", () => {
  expect(unsharedChunks(before, before, NO_END)).toBe(0);
  expect(unsharedChunks(before, after(before, ...topic(3, 10)), NO_END)).toBe(0);
});

test("a chunk that was written to is counted, once, and its neighbours are not", () => {
  const once = after(before, ledBy(0, 300, 2));
  expect(unsharedChunks(before, once, NO_END)).toBe(1);
  expect(unsharedChunks(before, after(once, ledBy(0, 301, 2)), NO_END)).toBe(1);
  expect(unsharedChunks(before, after(once, ledBy(0, 0, 2)), NO_END)).toBe(2);
  expect(unsharedChunks(before, after(once, ledBy(1, 0, 2)), NO_END)).toBe(2);
});

test("a topic that is gone is counted whole", () => {
  const without = after(before, RemoveTopicRecord.of(0, { topicId: topicIdOf(0) }));
  expect(unsharedChunks(before, without, NO_END)).toBe(3);
});

test("the count ends when it exceeds the bound", () => {
  const later = after(before, ledBy(0, 0, 2), ledBy(1, 0, 2), ledBy(2, 0, 2));
  expect(unsharedChunks(before, later, 1)).toBe(2);
});
