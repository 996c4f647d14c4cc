/**
 * Topics and their partitions (KIP-500: the one huge table). Topics are found by id or name; which partitions a
 * broker touches is answered by reading all rows, because a scan is true by construction and an index would have
 * to be kept so: two million rows take some tens of milliseconds, and only events of whole brokers ask.
 *
 * Every iteration is in canonical order: topic id by its bytes, then partition.
 */
import { byText, ImmutableMap } from "../../std/immutable-map.ts";
import type { Uuid } from "../../protocol/index.ts";
import { isReassigning, type Partition } from "./partition.ts";
import {
  hasIsrMember,
  hasRareLists,
  hasReplicaIn,
  leaderIn,
  partitionInRows,
  preferredSlotIn,
  rowsInChunk,
  unpacked,
  type PartitionRows,
  type RowChunk,
} from "./partition-rows.ts";
import { NO_SLOTS, type ReplicaSlots } from "./replica-slots.ts";
import { byUuid } from "./uuid-order.ts";

export interface Topic {
  readonly id: Uuid;
  readonly name: string;
  readonly partitionCount: number;
  readonly rows: PartitionRows;
}

/** `idsByName` and `alike` say of `byId` what can be said of it alone. */
export interface TopicsImage {
  readonly byId: ImmutableMap<Uuid, Topic>;
  readonly idsByName: ImmutableMap<string, Uuid>;
  /** Names with a '.' or '_' in them, sorted, by what they become when '.' is written as '_'. */
  readonly alike: ImmutableMap<string, readonly string[]>;
  readonly slots: ReplicaSlots;
  readonly partitionCount: number;
}

export const NO_TOPICS: TopicsImage = {
  byId: ImmutableMap.empty(byUuid),
  idsByName: ImmutableMap.empty(byText),
  alike: ImmutableMap.empty(byText),
  slots: NO_SLOTS,
  partitionCount: 0,
};

/** One partition and where it is. */
export interface PartitionRow {
  readonly topicId: Uuid;
  readonly partitionId: number;
  readonly partition: Partition;
}

export const topicById = (topics: TopicsImage, id: Uuid): Topic | undefined => topics.byId.get(id);

export function topicByName(topics: TopicsImage, name: string): Topic | undefined {
  const id = topics.idsByName.get(name);
  return id === undefined ? undefined : topics.byId.get(id);
}

export const allTopics = (topics: TopicsImage): Iterable<Topic> => topics.byId.values();

/** '.' and '_' are one letter in the names of metrics, so two topics may not differ in them alone. */
export const collisionKey = (name: string): string => name.replaceAll(".", "_");

/** The topics, sorted by name, that cannot be told from `name` where '.' and '_' are one; it may be among them. */
export function topicNamesLike(topics: TopicsImage, name: string): readonly string[] {
  return topics.alike.get(collisionKey(name)) ?? [];
}

export function partitionAt(
  topics: TopicsImage,
  topicId: Uuid,
  partitionId: number,
): Partition | undefined {
  const topic = topics.byId.get(topicId);
  return topic === undefined ? undefined : partitionInRows(topic.rows, partitionId, topics.slots);
}

/** All partitions of a topic; none if there is no such topic. */
export function partitionsOfTopic(
  topics: TopicsImage,
  topicId: Uuid,
): IterableIterator<PartitionRow> {
  const topic = topics.byId.get(topicId);
  return partitionsWhere(topics, () => true, topic === undefined ? [] : [topic]);
}

export const allPartitions = (topics: TopicsImage): IterableIterator<PartitionRow> =>
  partitionsWhere(topics, () => true);

export function partitionsWithIsrMember(
  topics: TopicsImage,
  brokerId: number,
): IterableIterator<PartitionRow> {
  const broker = { id: brokerId, marked: slotsOfBroker(topics.slots, brokerId) };
  return partitionsWhere(topics, (chunk, at) => hasIsrMember(chunk, at, broker));
}

export function partitionsWithReplica(
  topics: TopicsImage,
  brokerId: number,
): IterableIterator<PartitionRow> {
  const marked = slotsOfBroker(topics.slots, brokerId);
  return partitionsWhere(topics, (chunk, at) => hasReplicaIn(chunk, at, marked));
}

/** The partitions whose replica on `brokerId` lies in `directory`. */
export function partitionsInDirectory(
  topics: TopicsImage,
  brokerId: number,
  directory: Uuid,
): IterableIterator<PartitionRow> {
  const marked = slotsOfBroker(topics.slots, brokerId);
  for (const [slot, id] of topics.slots.directories.entries()) {
    if (id !== directory) marked[slot] = 0;
  }
  return partitionsWhere(topics, (chunk, at) => hasReplicaIn(chunk, at, marked));
}

export const partitionsLedBy = (
  topics: TopicsImage,
  brokerId: number,
): IterableIterator<PartitionRow> =>
  partitionsWhere(topics, (chunk, at) => leaderIn(chunk, at) === brokerId);

export const leaderlessPartitions = (topics: TopicsImage): IterableIterator<PartitionRow> =>
  partitionsLedBy(topics, -1);

/** The partitions without a leader of which a broker has a replica that `isThere`: others can have none. */
export function electablePartitions(
  topics: TopicsImage,
  isThere: (brokerId: number) => boolean,
): IterableIterator<PartitionRow> {
  const marked = slotsWhere(topics.slots, isThere);
  return partitionsWhere(
    topics,
    (chunk, at) => leaderIn(chunk, at) === -1 && hasReplicaIn(chunk, at, marked),
  );
}

/** The partitions that are not led by their first replica, leaderless ones among them. */
export function imbalancedPartitions(topics: TopicsImage): IterableIterator<PartitionRow> {
  const { slots } = topics;
  return partitionsWhere(topics, (chunk, at) => isImbalanced(chunk, at, slots));
}

/**
 * Those of them that a broker could lead that `isThere`: their first replica's, or any if nobody does. While one of ten
 * brokers is away a tenth of all partitions is imbalanced, and looking at each would find that there is nothing to do.
 */
export function balanceablePartitions(
  topics: TopicsImage,
  isThere: (brokerId: number) => boolean,
): IterableIterator<PartitionRow> {
  const { slots } = topics;
  const marked = slotsWhere(slots, isThere);
  return partitionsWhere(
    topics,
    (chunk, at) =>
      isImbalanced(chunk, at, slots) &&
      (marked[preferredSlotIn(chunk, at)] === 1 ||
        (leaderIn(chunk, at) === -1 && hasReplicaIn(chunk, at, marked))),
  );
}

const isImbalanced = (chunk: RowChunk, at: number, { brokerIds }: ReplicaSlots): boolean =>
  brokerIds[preferredSlotIn(chunk, at)] !== leaderIn(chunk, at);

/** The partitions with replicas that are being added or removed (KIP-455). */
export function* reassigningPartitions(topics: TopicsImage): IterableIterator<PartitionRow> {
  for (const row of partitionsWhere(topics, hasRareLists))
    if (isReassigning(row.partition)) yield row;
}

/** The partitions that have eligible leader replicas, or remember a last leader (KIP-966). */
export function* partitionsWithElr(topics: TopicsImage): IterableIterator<PartitionRow> {
  for (const row of partitionsWhere(topics, hasRareLists)) {
    const { eligibleLeaderReplicas, lastKnownElr } = row.partition;
    if (eligibleLeaderReplicas.length > 0 || lastKnownElr.length > 0) yield row;
  }
}

/** Those of them that count the broker among their eligible leader replicas. */
export function* partitionsWithElrMember(
  topics: TopicsImage,
  brokerId: number,
): IterableIterator<PartitionRow> {
  for (const row of partitionsWithElr(topics)) {
    if (row.partition.eligibleLeaderReplicas.includes(brokerId)) yield row;
  }
}

/** One generator for all topics: a scan of a hundred thousand small ones must not make one for each. */
function* partitionsWhere(
  topics: TopicsImage,
  matches: (chunk: RowChunk, at: number) => boolean,
  among: Iterable<Topic> = topics.byId.values(),
): IterableIterator<PartitionRow> {
  for (const { id, rows } of among) {
    for (let number = 0; number < rows.chunks.length; number += 1) {
      for (const { partitionId, chunk, at } of rowsInChunk(rows, number, matches)) {
        const partition = unpacked(chunk, at, topics.slots);
        yield { topicId: id, partitionId, partition };
      }
    }
  }
}

/** 1 at the slots of the brokers of which `is` holds, 0 at all others. */
const slotsWhere = (slots: ReplicaSlots, is: (brokerId: number) => boolean): Uint8Array =>
  Uint8Array.from(slots.brokerIds, (brokerId) => Number(is(brokerId)));

/** 1 at the slots of the broker, 0 at all others. */
function slotsOfBroker(slots: ReplicaSlots, brokerId: number): Uint8Array {
  const marked = new Uint8Array(slots.brokerIds.length);
  for (const slot of slots.numbers.get(brokerId)?.values() ?? []) marked[slot] = 1;
  return marked;
}
