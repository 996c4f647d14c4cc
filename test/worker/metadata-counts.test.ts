/** What an image's partitions come to: by Kafka's rules, and again when a config has changed. */
import { expect, test } from "vitest";
import { applyRecords, emptyImage, type MetadataImage } from "../../src/metadata/index.ts";
import {
  ConfigRecord,
  PartitionRecord,
  TopicRecord,
  type MetadataRecord,
} from "../../src/protocol/index.ts";
import { countsOf } from "../../worker/observer/metadata-counts.ts";

const topicId = TopicRecord.fill({}).topicId;

const partition = (
  partitionId: number,
  leader: number,
  isr: readonly number[],
  addingReplicas: readonly number[] = [],
): MetadataRecord => ({
  type: "PARTITION_RECORD",
  version: 1,
  data: PartitionRecord.fill({
    partitionId,
    topicId,
    replicas: [1, 2, 3],
    isr: [...isr],
    addingReplicas: [...addingReplicas],
    leader,
    directories: [topicId, topicId, topicId],
  }),
});

const minIsr = (value: string): MetadataRecord => ({
  type: "CONFIG_RECORD",
  version: 0,
  data: ConfigRecord.fill({
    resourceType: 2,
    resourceName: "t",
    name: "min.insync.replicas",
    value,
  }),
});

const after = (image: MetadataImage, records: readonly MetadataRecord[]): MetadataImage =>
  applyRecords(image, records, { endOffset: 10, epoch: 1, timestampMs: 0 });

test("every partition is counted in each state that it is in", async () => {
  const image = after(emptyImage, [
    { type: "TOPIC_RECORD", version: 0, data: TopicRecord.fill({ name: "t", topicId }) },
    partition(0, 1, [1, 2, 3]),
    partition(1, 2, [2, 3]),
    partition(2, 1, [1]),
    partition(3, -1, [3]),
    minIsr("2"),
  ]);
  const counts = { topics: 1, partitions: 4, offline: 1, imbalanced: 2, underReplicated: 2 };
  expect(await countsOf(image)).toEqual({ ...counts, underMinIsr: 1 });
  // More than there are replicas is as many as there are.
  expect(await countsOf(after(image, [minIsr("5")]))).toEqual({ ...counts, underMinIsr: 2 });
});

test("a replica that is being added is none that is lacking", async () => {
  const image = after(emptyImage, [
    { type: "TOPIC_RECORD", version: 0, data: TopicRecord.fill({ name: "t", topicId }) },
    partition(0, 1, [1, 2], [3]),
    partition(1, 1, [1], [3]),
  ]);
  expect((await countsOf(image)).underReplicated).toBe(1);
});
