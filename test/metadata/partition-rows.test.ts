/**
 * Packed rows say what was put into them, whatever the numbers: those that fit 16 bits, those that do not, and the turn
 * from one to the other and back. What they should say is kept beside them, as values.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { emptyImage } from "../../src/metadata/image/metadata-image.ts";
import { partitionOf, type Partition } from "../../src/metadata/image/partition.ts";
import {
  allPartitions,
  leaderlessPartitions,
  partitionAt,
  partitionsLedBy,
  partitionsWithIsrMember,
  topicById,
} from "../../src/metadata/image/topics-image.ts";
import { applyRecords } from "../../src/metadata/replay/apply-records.ts";
import {
  PartitionRecord,
  TopicRecord,
  UNASSIGNED_DIRECTORY,
  type MetadataRecord,
} from "../../src/protocol/index.ts";
import { topicIdOf } from "./world.ts";

const TOPIC = topicIdOf(1);
const INT32_MAX = 0x7fff_ffff;

/** Mostly small, and around the places where a width ends. */
const numbers = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: 0, max: 9 }) },
  fc.constantFrom(65_534, 65_535, 65_536, INT32_MAX - 1, INT32_MAX),
);

const partitionRecords = fc
  .record({
    partitionId: fc.oneof(fc.nat({ max: 4 }), fc.nat({ max: 600 })),
    replicas: fc.uniqueArray(numbers, { minLength: 1, maxLength: 5 }),
    members: fc.nat({ max: 5 }),
    isTurned: fc.boolean(),
    leads: fc.boolean(),
    recovery: fc.nat({ max: 1 }),
    epochs: fc.tuple(numbers, numbers),
    rare: fc.array(numbers, { maxLength: 2 }),
  })
  .map(({ partitionId, replicas, members, isTurned, leads, recovery, epochs, rare }) => {
    const isr = replicas.slice(0, members);
    return PartitionRecord.of(2, {
      topicId: TOPIC,
      partitionId,
      replicas,
      isr: isTurned ? isr.toReversed() : isr,
      removingReplicas: rare,
      addingReplicas: rare.slice(1),
      eligibleLeaderReplicas: rare,
      lastKnownElr: rare.slice(1),
      leader: leads ? (replicas[0] ?? -1) : -1,
      leaderRecoveryState: recovery,
      leaderEpoch: epochs[0],
      partitionEpoch: epochs[1],
      directories: replicas.map(() => UNASSIGNED_DIRECTORY),
    });
  });

const replayed = (records: readonly MetadataRecord[], image = emptyImage) =>
  applyRecords(image, records, { endOffset: 1, epoch: 1, timestampMs: 0 });

const created = replayed([TopicRecord.of(0, { name: "t", topicId: TOPIC })]);

test("rows say what was put into them, whatever the numbers", () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(partitionRecords, { minLength: 1, maxLength: 8 }), { maxLength: 12 }),
      (runs) => {
        let image = created;
        const expected = new Map<number, Partition>();
        for (const records of runs) {
          image = replayed(records, image);
          for (const { data } of records) expected.set(data.partitionId, partitionOf(data));
        }
        const found = [...allPartitions(image.topics)];
        const sorted = [...expected].toSorted(([one], [other]) => one - other);
        expect(found.map(({ partitionId, partition }) => [partitionId, partition])).toEqual(sorted);
        expect(topicById(image.topics, TOPIC)?.partitionCount).toBe(expected.size);
        for (const [partitionId, partition] of sorted)
          expect(partitionAt(image.topics, TOPIC, partitionId)).toEqual(partition);
        for (const broker of [0, 3, 65_535, 65_536, INT32_MAX]) {
          const led = sorted.filter(([, { leader }]) => leader === broker).map(([id]) => id);
          const inSync = sorted.filter(([, { isr }]) => isr.includes(broker)).map(([id]) => id);
          expect([...partitionsLedBy(image.topics, broker)].map(idOf)).toEqual(led);
          expect([...partitionsWithIsrMember(image.topics, broker)].map(idOf)).toEqual(inSync);
        }
        const leaderless = sorted.filter(([, { leader }]) => leader === -1).map(([id]) => id);
        expect([...leaderlessPartitions(image.topics)].map(idOf)).toEqual(leaderless);
      },
    ),
    { numRuns: 200 },
  );
});

const idOf = ({ partitionId }: { readonly partitionId: number }): number => partitionId;

/** 256 partitions of three replicas on `epoch`, with a leader epoch of one of them that may be large. */
const chunkOf = (leaderEpoch: number, replicas: readonly number[]): readonly MetadataRecord[] =>
  Array.from({ length: 256 }, (_, partitionId) =>
    PartitionRecord.of(2, {
      topicId: TOPIC,
      partitionId,
      replicas: [...replicas],
      isr: [...replicas],
      leader: replicas[0] ?? -1,
      leaderEpoch: partitionId === 7 ? leaderEpoch : 0,
      partitionEpoch: 0,
      directories: replicas.map(() => UNASSIGNED_DIRECTORY),
    }),
  );

const bytesOfChunk = (image: typeof emptyImage): number | undefined =>
  topicById(image.topics, TOPIC)?.rows.chunks[0]?.byteLength;

test("a row of three replicas in sync takes 16 bytes, and 32 only beside a number of more than 16 bits", () => {
  const narrow = replayed(chunkOf(65_535, [1, 2, 3]), created);
  expect(bytesOfChunk(narrow)).toBe(2 + 256 * 16);
  const wide = replayed(chunkOf(65_536, [1, 2, 3]), narrow);
  expect(bytesOfChunk(wide)).toBe(4 + 256 * 32);
  const again = replayed(chunkOf(0, [1, 2, 3]), wide);
  expect(bytesOfChunk(again)).toBe(2 + 256 * 16);
});

test("rows so long that their places need more than 16 bits are there", () => {
  const replicas = Array.from({ length: 300 }, (_, at) => at);
  const image = replayed(chunkOf(0, replicas), created);
  expect(partitionAt(image.topics, TOPIC, 255)?.replicas).toEqual(replicas);
  expect([...partitionsWithIsrMember(image.topics, 299)]).toHaveLength(256);
});
