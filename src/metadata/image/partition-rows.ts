/**
 * The partitions of one topic, packed: no object per partition, only integers in chunks of a few hundred rows. A
 * chunk is one typed array: first the place of each row, then the rows. A write copies the chunks it touches and
 * shares the rest. What a row means as a value is `partition.ts`; which rows to look for is `topics-image.ts`.
 *
 * A row: leader, leader epoch, partition epoch, a header, one slot for each replica, then the ISR behind its length
 * unless it equals the replicas, then the rare lists (removing, adding, ELR, last known ELR) behind their four lengths.
 * A word has 16 bits where all words of the chunk fit that, which is nearly everywhere, and 32 otherwise: at three
 * replicas in sync a row is 16 bytes. Lists stand in the row itself and not in a table of distinct lists: a large
 * cluster has nearly as many distinct lists as partitions, and such a table would have to be swept of old ones.
 */
import { assert } from "../../std/assert.ts";
import type { Partition } from "./partition.ts";
import {
  brokerOfSlot,
  directoryOfSlot,
  type ReplicaSlots,
  type SlotFinder,
} from "./replica-slots.ts";

/** A chunk of packed rows: the same words in either width. Never written to once it is in a `PartitionRows`. */
export type RowChunk = Uint16Array | Int32Array;

export interface PartitionRows {
  /** Rows that exist. */
  readonly count: number;
  /** Chunk i holds the partitions from i × CHUNK_ROWS on; in the last, rows may be missing at the end. */
  readonly chunks: readonly RowChunk[];
}

export const NO_ROWS: PartitionRows = { count: 0, chunks: [] };

/** Big enough that a chunk's own cost does not show, small enough that a write copies about 4 KB. */
export const CHUNK_ROWS = 256;
/** A thousand times what Kafka lets one request create; only a damaged log names a partition beyond it. */
const PARTITIONS_PER_TOPIC_MAX = 10_000_000;

/** A chunk without rows. */
export const EMPTY_CHUNK: RowChunk = Uint16Array.of(0);

// The words of a row, counted from its start. The leader is one more than it is, so that none is 0 and not -1.
const LEADER = 0;
const LEADER_EPOCH = 1;
const PARTITION_EPOCH = 2;
const HEADER = 3;
const LISTS = 4;

// The header, which fits 16 bits: how many replicas, whether an ISR follows that is not the replicas in their order,
// recovery state (2 bits), whether rare lists follow.
const REPLICAS_MAX = 0xfff;
const OWN_ISR = 1 << 12;
const RECOVERY_SHIFT = 13;
const RARE_LISTS = 1 << 15;
/** The largest word of a narrow chunk. */
const NARROW_MAX = 0xffff;

const wordAt = (words: RowChunk, at: number): number => words[at] ?? 0;

/** Partition `partitionId`; undefined if there is no such row. */
export function partitionInRows(
  rows: PartitionRows,
  partitionId: number,
  slots: ReplicaSlots,
): Partition | undefined {
  const chunk = rows.chunks[Math.floor(partitionId / CHUNK_ROWS)];
  if (chunk === undefined || partitionId < 0) return undefined;
  const at = rowIn(chunk, partitionId % CHUNK_ROWS);
  return at === 0 ? undefined : unpacked(chunk, at, slots);
}

/** Where row `index` of a chunk begins; 0 if the chunk lacks it. */
export const rowIn = (chunk: RowChunk, index: number): number =>
  index < wordAt(chunk, 0) ? wordAt(chunk, 1 + index) : 0;

/** A row found by a scan. */
export interface FoundRow {
  readonly partitionId: number;
  readonly chunk: RowChunk;
  readonly at: number;
}

/** The rows of one chunk that `matches`, in order; what `matches` may ask is below. */
export function rowsInChunk(
  { chunks }: PartitionRows,
  number: number,
  matches: (chunk: RowChunk, at: number) => boolean,
): readonly FoundRow[] {
  const chunk = chunks[number] ?? EMPTY_CHUNK;
  const length = wordAt(chunk, 0);
  // Most chunks of most scans hold nothing: they cost no allocation.
  let found = NO_FOUND;
  for (let index = 0; index < length; index += 1) {
    const at = wordAt(chunk, 1 + index);
    if (at === 0 || !matches(chunk, at)) continue;
    if (found === NO_FOUND) found = [];
    found.push({ partitionId: number * CHUNK_ROWS + index, chunk, at });
  }
  return found;
}

const NO_FOUND: FoundRow[] = [];

/** In 32 bits: the largest id there is, and one more, is below zero as a word. */
export const leaderIn = (chunk: RowChunk, at: number): number =>
  (wordAt(chunk, at + LEADER) - 1) | 0;

/** Whether a replica lies in one of the marked slots. */
export function hasReplicaIn(chunk: RowChunk, at: number, marked: Uint8Array): boolean {
  const end = at + LISTS + replicasIn(chunk, at);
  for (let word = at + LISTS; word < end; word += 1) {
    if (marked[wordAt(chunk, word)] === 1) return true;
  }
  return false;
}

/** Whether the broker is in the ISR; `marked` are the slots of that broker. */
export function hasIsrMember(
  chunk: RowChunk,
  at: number,
  broker: { readonly id: number; readonly marked: Uint8Array },
): boolean {
  if (!hasOwnIsr(chunk, at)) return hasReplicaIn(chunk, at, broker.marked);
  const lengthAt = at + LISTS + replicasIn(chunk, at);
  const end = lengthAt + 1 + wordAt(chunk, lengthAt);
  for (let word = lengthAt + 1; word < end; word += 1) {
    if (wordAt(chunk, word) === broker.id) return true;
  }
  return false;
}

/** The slot of the first replica; -1 if there is none. */
export const preferredSlotIn = (chunk: RowChunk, at: number): number =>
  replicasIn(chunk, at) === 0 ? -1 : wordAt(chunk, at + LISTS);

/** Whether a reassignment is under way or eligible leader replicas are known. */
export const hasRareLists = (chunk: RowChunk, at: number): boolean =>
  (wordAt(chunk, at + HEADER) & RARE_LISTS) !== 0;

const replicasIn = (chunk: RowChunk, at: number): number =>
  wordAt(chunk, at + HEADER) & REPLICAS_MAX;

const hasOwnIsr = (chunk: RowChunk, at: number): boolean =>
  (wordAt(chunk, at + HEADER) & OWN_ISR) !== 0;

/** The row as a value. */
export function unpacked(chunk: RowChunk, at: number, slots: ReplicaSlots): Partition {
  const replicaCount = replicasIn(chunk, at);
  const replicaSlots = list(chunk, at + LISTS, replicaCount);
  const replicas = replicaSlots.map((slot) => brokerOfSlot(slots, slot));
  const isrAt = at + LISTS + replicaCount;
  const isr = hasOwnIsr(chunk, at) ? list(chunk, isrAt + 1, wordAt(chunk, isrAt)) : null;
  const rareAt = isr === null ? isrAt : isrAt + 1 + isr.length;
  const [removingReplicas, addingReplicas, eligibleLeaderReplicas, lastKnownElr] = hasRareLists(
    chunk,
    at,
  )
    ? rareLists(chunk, rareAt)
    : [NO_BROKERS, NO_BROKERS, NO_BROKERS, NO_BROKERS];
  return {
    replicas,
    isr: isr ?? replicas,
    removingReplicas,
    addingReplicas,
    directories: replicaSlots.map((slot) => directoryOfSlot(slots, slot)),
    leader: leaderIn(chunk, at),
    leaderRecoveryState: (wordAt(chunk, at + HEADER) >>> RECOVERY_SHIFT) & 3,
    leaderEpoch: wordAt(chunk, at + LEADER_EPOCH),
    partitionEpoch: wordAt(chunk, at + PARTITION_EPOCH),
    eligibleLeaderReplicas,
    lastKnownElr,
  };
}

const NO_BROKERS: readonly number[] = Object.freeze([]);

type FourLists = readonly [
  readonly number[],
  readonly number[],
  readonly number[],
  readonly number[],
];

function rareLists(chunk: RowChunk, at: number): FourLists {
  const ends: number[] = [at + 4];
  for (let which = 0; which < 4; which += 1) {
    ends.push((ends[which] ?? 0) + wordAt(chunk, at + which));
  }
  const [a = 0, b = 0, c = 0, d = 0, end = 0] = ends;
  return [
    list(chunk, a, b - a),
    list(chunk, b, c - b),
    list(chunk, c, d - c),
    list(chunk, d, end - d),
  ];
}

function list(chunk: RowChunk, at: number, length: number): readonly number[] {
  if (length === 0) return NO_BROKERS;
  // For the few words of a list a loop beats a view and a copy by far.
  const ids: number[] = [];
  for (let word = at; word < at + length; word += 1) ids.push(wordAt(chunk, word));
  return ids;
}

/** The rows in which every partition of `changed` is as given there. */
export function withRows(
  rows: PartitionRows,
  changed: ReadonlyMap<number, Partition>,
  slots: SlotFinder,
): PartitionRows {
  const byChunk = new Map<number, Map<number, Partition>>();
  for (const [partitionId, partition] of changed) {
    assert(
      partitionId >= 0 && partitionId < PARTITIONS_PER_TOPIC_MAX,
      `partition ${partitionId} lies outside 0..${PARTITIONS_PER_TOPIC_MAX - 1}`,
    );
    const number = Math.floor(partitionId / CHUNK_ROWS);
    const ofChunk = byChunk.get(number) ?? new Map<number, Partition>();
    byChunk.set(number, ofChunk.set(partitionId % CHUNK_ROWS, partition));
  }
  const chunks = [...rows.chunks];
  let { count } = rows;
  for (const [number, ofChunk] of byChunk) {
    while (chunks.length <= number) chunks.push(EMPTY_CHUNK);
    const old = chunks[number] ?? EMPTY_CHUNK;
    for (const index of ofChunk.keys()) if (rowIn(old, index) === 0) count += 1;
    chunks[number] = repacked(old, ofChunk, slots);
  }
  return { count, chunks };
}

function repacked(
  old: RowChunk,
  changed: ReadonlyMap<number, Partition>,
  slots: SlotFinder,
): RowChunk {
  const fresh = new Map<number, readonly number[]>();
  let length = wordAt(old, 0);
  let rowWords = 0;
  let canBeNarrow = old instanceof Uint16Array;
  for (const [index, partition] of changed) {
    const row = packedRow(partition, slots);
    fresh.set(index, row);
    length = Math.max(length, index + 1);
    rowWords += row.length;
    canBeNarrow &&= isNarrow(row);
  }
  for (let index = 0; index < length; index += 1) {
    const at = rowIn(old, index);
    if (at !== 0 && !fresh.has(index)) rowWords += rowEnd(old, at) - at;
  }
  const size = 1 + length + rowWords;
  const words = canBeNarrow && size <= NARROW_MAX ? new Uint16Array(size) : new Int32Array(size);
  words[0] = length;
  let end = 1 + length;
  for (let index = 0; index < length; index += 1) {
    const row = fresh.get(index);
    const at = rowIn(old, index);
    if (row === undefined && at === 0) continue;
    words[1 + index] = end;
    const from = row === undefined ? at : 0;
    const until = row === undefined ? rowEnd(old, at) : row.length;
    const source = row ?? old;
    for (let word = from; word < until; word += 1) words[end++] = source[word] ?? 0;
  }
  return words instanceof Int32Array && isNarrow(words) ? new Uint16Array(words) : words;
}

function isNarrow(words: Int32Array | readonly number[]): boolean {
  for (const word of words) if (word < 0 || word > NARROW_MAX) return false;
  return true;
}

/** Where the row that begins at `at` ends. */
export function rowEnd(chunk: RowChunk, at: number): number {
  const isrAt = at + LISTS + replicasIn(chunk, at);
  const rareAt = hasOwnIsr(chunk, at) ? isrAt + 1 + wordAt(chunk, isrAt) : isrAt;
  if (!hasRareLists(chunk, at)) return rareAt;
  let end = rareAt + 4;
  for (let which = 0; which < 4; which += 1) end += wordAt(chunk, rareAt + which);
  return end;
}

function packedRow(partition: Partition, slots: SlotFinder): readonly number[] {
  const { replicas, isr, directories, leaderRecoveryState } = partition;
  assert(
    replicas.length <= REPLICAS_MAX && isr.length <= REPLICAS_MAX,
    `a partition with ${replicas.length} replicas and ${isr.length} of them in sync has too many`,
  );
  assert(
    leaderRecoveryState >= 0 && leaderRecoveryState <= 3,
    `${leaderRecoveryState} is no recovery state`,
  );
  const inSync =
    isr.length === replicas.length && isr.every((brokerId, at) => brokerId === replicas[at]);
  const { removingReplicas, addingReplicas, eligibleLeaderReplicas, lastKnownElr } = partition;
  const rare = [removingReplicas, addingReplicas, eligibleLeaderReplicas, lastKnownElr];
  const hasRare = rare.some((ids) => ids.length > 0);
  const words = [
    partition.leader + 1,
    partition.leaderEpoch,
    partition.partitionEpoch,
    replicas.length |
      (inSync ? 0 : OWN_ISR) |
      (leaderRecoveryState << RECOVERY_SHIFT) |
      (hasRare ? RARE_LISTS : 0),
  ];
  for (const [at, brokerId] of replicas.entries()) {
    const directory = directories[at];
    assert(
      directory !== undefined,
      `replica ${brokerId} has no directory, not even an unknown one`,
    );
    words.push(slots.slotOf(brokerId, directory));
  }
  if (!inSync) words.push(isr.length, ...isr);
  if (hasRare) words.push(...rare.map((ids) => ids.length), ...rare.flat());
  return words;
}
