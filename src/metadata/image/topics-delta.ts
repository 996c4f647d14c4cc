/**
 * What a run of records does to the topics. Changed partitions are kept as values until the delta is applied;
 * then each touched chunk of rows is written once. Everything here asserts rather than refuses: a committed record
 * that does not fit means that this image is wrong.
 */
import { assert } from "../../std/assert.ts";
import type { PartitionChangeRecord, PartitionRecord, Uuid } from "../../protocol/index.ts";
import { mergePartition, partitionOf, type Partition } from "./partition.ts";
import {
  hasRareLists,
  NO_ROWS,
  partitionInRows,
  rowsInChunk,
  unpacked,
  withRows,
} from "./partition-rows.ts";
import { SlotFinder } from "./replica-slots.ts";
import { collisionKey, type Topic, type TopicsImage } from "./topics-image.ts";
import type { ImmutableMap } from "../../std/immutable-map.ts";

/** Private to its reader: it changes as records are read, and is given up once it is applied. */
export interface TopicsDelta {
  /** Names and ids as of the last record; partitions as of the base. */
  topics: TopicsImage;
  /** By topic, the partitions that differ from `topics`. */
  readonly changed: Map<Uuid, Map<number, Partition>>;
}

export const topicsDelta = (base: TopicsImage): TopicsDelta => ({
  topics: base,
  changed: new Map(),
});

export function addTopic(delta: TopicsDelta, name: string, id: Uuid): void {
  const { topics } = delta;
  assert(!topics.byId.has(id), `topic id ${id} is given to ${name} but is taken`);
  assert(!topics.idsByName.has(name), `there is a topic ${name} already`);
  delta.topics = {
    ...topics,
    byId: topics.byId.set(id, { id, name, partitionCount: 0, rows: NO_ROWS }),
    idsByName: topics.idsByName.set(name, id),
    alike: withName(topics.alike, name),
  };
}

/** Removes the topic and its partitions; answers the name it had. */
export function removeTopic(delta: TopicsDelta, id: Uuid): string {
  const { topics } = delta;
  const topic = existing(topics, id);
  delta.changed.delete(id);
  delta.topics = {
    ...topics,
    byId: topics.byId.delete(id),
    idsByName: topics.idsByName.delete(topic.name),
    alike: withoutName(topics.alike, topic.name),
    partitionCount: topics.partitionCount - topic.partitionCount,
  };
  return topic.name;
}

export function putPartition(delta: TopicsDelta, record: PartitionRecord): void {
  existing(delta.topics, record.topicId);
  change(delta, record.topicId, record.partitionId, partitionOf(record));
}

export function changePartition(delta: TopicsDelta, record: PartitionChangeRecord): void {
  const { topicId, partitionId } = record;
  const topic = existing(delta.topics, topicId);
  const partition = current(delta, topic, partitionId);
  assert(partition !== undefined, `partition ${partitionId} of ${topic.name} does not exist`);
  change(delta, topicId, partitionId, mergePartition(partition, record));
}

/** KIP-966: forgets the eligible leader replicas of one topic, or with no name of all. */
export function clearElr(delta: TopicsDelta, topicName: string): void {
  const { topics } = delta;
  if (topicName === "") {
    for (const topic of topics.byId.values()) clearElrOf(delta, topic);
    return;
  }
  const id = topics.idsByName.get(topicName);
  assert(id !== undefined, `there is no topic ${topicName} whose replicas could be forgotten`);
  clearElrOf(delta, existing(topics, id));
}

function clearElrOf(delta: TopicsDelta, topic: Topic): void {
  const { slots } = delta.topics;
  const partitions = new Map<number, Partition>();
  for (const number of topic.rows.chunks.keys()) {
    for (const { partitionId, chunk, at } of rowsInChunk(topic.rows, number, hasRareLists)) {
      partitions.set(partitionId, unpacked(chunk, at, slots));
    }
  }
  for (const [id, partition] of delta.changed.get(topic.id) ?? []) partitions.set(id, partition);
  for (const [id, partition] of partitions) clearElrIn(delta, topic, id, partition);
}

function clearElrIn(
  delta: TopicsDelta,
  topic: Topic,
  partitionId: number,
  partition: Partition,
): void {
  const { eligibleLeaderReplicas, lastKnownElr, partitionEpoch } = partition;
  if (eligibleLeaderReplicas.length === 0 && lastKnownElr.length === 0) return;
  change(delta, topic.id, partitionId, {
    ...partition,
    eligibleLeaderReplicas: [],
    lastKnownElr: [],
    partitionEpoch: partitionEpoch + 1,
  });
}

/** The topics after all records of the delta. */
export function applyTopicsDelta(delta: TopicsDelta): TopicsImage {
  let { byId, partitionCount } = delta.topics;
  const slots = new SlotFinder(delta.topics.slots);
  for (const [topicId, changed] of delta.changed) {
    const topic = existing(delta.topics, topicId);
    const rows = withRows(topic.rows, changed, slots);
    partitionCount += rows.count - topic.partitionCount;
    byId = byId.set(topicId, { ...topic, rows, partitionCount: rows.count });
  }
  return { ...delta.topics, byId, slots: slots.slots, partitionCount };
}

function current(delta: TopicsDelta, topic: Topic, partitionId: number): Partition | undefined {
  return (
    delta.changed.get(topic.id)?.get(partitionId) ??
    partitionInRows(topic.rows, partitionId, delta.topics.slots)
  );
}

function change(
  delta: TopicsDelta,
  topicId: Uuid,
  partitionId: number,
  partition: Partition,
): void {
  const changed = delta.changed.get(topicId);
  if (changed === undefined) delta.changed.set(topicId, new Map([[partitionId, partition]]));
  else changed.set(partitionId, partition);
}

function existing(topics: TopicsImage, id: Uuid): Topic {
  const topic = topics.byId.get(id);
  assert(topic !== undefined, `there is no topic ${id}`);
  return topic;
}

type Alike = ImmutableMap<string, readonly string[]>;

const hasCollidingLetter = (name: string): boolean => name.includes(".") || name.includes("_");

function withName(alike: Alike, name: string): Alike {
  if (!hasCollidingLetter(name)) return alike;
  const key = collisionKey(name);
  return alike.set(key, [...(alike.get(key) ?? []), name].toSorted());
}

function withoutName(alike: Alike, name: string): Alike {
  if (!hasCollidingLetter(name)) return alike;
  const key = collisionKey(name);
  const rest = (alike.get(key) ?? []).filter((other) => other !== name);
  return rest.length === 0 ? alike.delete(key) : alike.set(key, rest);
}
