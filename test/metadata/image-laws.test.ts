/**
 * The laws of images and deltas, over random logs of every kind of record and for a metadata.version before and
 * after each change of record formats:
 *
 * - However a log is cut into batches, the image is the same.
 * - An image written as a snapshot and replayed is the same image, after every record of the log.
 * - A later image leaves an earlier one as it was.
 * - Looking at all partitions by hand finds what the scans find.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { imageToRecords } from "../../src/metadata/image/image-to-records.ts";
import { applyRecords } from "../../src/metadata/replay/apply-records.ts";
import {
  emptyImage,
  finalizedFeatures,
  stableImage,
  type MetadataImage,
} from "../../src/metadata/image/metadata-image.ts";
import { mergePartition, partitionOf, type Partition } from "../../src/metadata/image/partition.ts";
import {
  allPartitions,
  imbalancedPartitions,
  leaderlessPartitions,
  partitionAt,
  partitionsInDirectory,
  partitionsLedBy,
  partitionsWithElrMember,
  partitionsWithIsrMember,
  partitionsWithReplica,
  reassigningPartitions,
} from "../../src/metadata/image/topics-image.ts";
import {
  decodeMetadataRecord,
  encodeMetadataRecord,
  uuidToBytes,
  type MetadataRecord,
  type Uuid,
} from "../../src/protocol/index.ts";
import { AssertionError } from "../../src/std/assert.ts";
import { plain, plainContents } from "./plain-image.ts";
import { record } from "./world.ts";
import { RECORD_TYPES, recordStream, streamOf, uuidOf } from "./record-streams.ts";

const VERSIONS = [7, 8, 14, 16, 17, 22, 23, 25, 30, 33];

function replayAll(
  records: Iterable<MetadataRecord>,
  image: MetadataImage = emptyImage,
): MetadataImage {
  return applyRecords(image, records, { endOffset: 1, epoch: 1, timestampMs: 0 });
}

const throughTheLog = (records: Iterable<MetadataRecord>): readonly MetadataRecord[] =>
  [...records].map((written) => decodeMetadataRecord(encodeMetadataRecord(written)));

describe.each(VERSIONS)("at metadata.version %i", (version) => {
  test("however a log is cut into batches, the image is the same", () => {
    fc.assert(
      fc.property(
        recordStream(version),
        fc.infiniteStream(fc.integer({ min: 1, max: 20 })),
        (log, cuts) => {
          const whole = plain(replayAll(log));
          let image = emptyImage;
          for (let at = 0; at < log.length;) {
            const size = cuts.next().value ?? 1;
            image = replayAll(log.slice(at, at + size), image);
            at += size;
          }
          expect(plain(image)).toEqual(whole);
        },
      ),
      { numRuns: 25 },
    );
  });

  test("a snapshot holds the image, after every record", () => {
    fc.assert(
      fc.property(recordStream(version), (log) => {
        let image = emptyImage;
        for (const [at, next] of log.entries()) {
          image = replayAll([next], image);
          if (at % 7 !== 0 && at !== log.length - 1) continue;
          const written = throughTheLog(imageToRecords(image));
          const again = replayAll(written);
          expect(plainContents(again)).toEqual(plainContents(image));
          expect([...imageToRecords(again)]).toEqual([...imageToRecords(image)]);
        }
      }),
      { numRuns: 15 },
    );
  });

  test("a later image leaves an earlier one as it was", () => {
    fc.assert(
      fc.property(recordStream(version), fc.nat(), (log, cut) => {
        const at = cut % log.length;
        const early = replayAll(log.slice(0, at));
        const before = structuredClone(plain(early));
        replayAll(log.slice(at), early);
        expect(plain(early)).toEqual(before);
      }),
      { numRuns: 15 },
    );
  });
});

test("partitions are what a plain map of merged records says", () => {
  fc.assert(
    fc.property(recordStream(25), (log) => {
      // Transactions are another law's business here.
      const records = log.filter(({ type }) => !type.endsWith("TRANSACTION_RECORD"));
      const oracle = new Map<string, Partition>();
      const removed = new Set<string>();
      for (const { type, data } of records) {
        if (type === "REMOVE_TOPIC_RECORD") removed.add(data.topicId);
        if (type === "CLEAR_ELR_RECORD") return;
        if (type === "PARTITION_RECORD") {
          oracle.set(`${data.topicId}:${data.partitionId}`, partitionOf(data));
        }
        if (type === "PARTITION_CHANGE_RECORD") {
          const key = `${data.topicId}:${data.partitionId}`;
          const old = oracle.get(key);
          if (old !== undefined) oracle.set(key, mergePartition(old, data));
        }
      }
      let image: MetadataImage;
      try {
        image = replayAll(records);
      } catch {
        return; // Without its aborts a log may contradict itself.
      }
      for (const [key, partition] of oracle) {
        const [topicId = "", partitionId] = key.split(":");
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it came from a record
        const found = partitionAt(image.topics, topicId as Uuid, Number(partitionId));
        expect(found).toEqual(removed.has(topicId) ? undefined : partition);
      }
      const lasting = [...oracle.keys()].filter((key) => !removed.has(key.split(":")[0] ?? ""));
      expect(image.topics.partitionCount).toBe(lasting.length);
    }),
    { numRuns: 60 },
  );
});

test("scans find what looking at every partition finds, in canonical order", () => {
  fc.assert(
    fc.property(recordStream(25), (log) => {
      const { topics } = replayAll(log);
      const all = [...allPartitions(topics)];
      const where = (matches: (partition: Partition) => boolean): unknown[] =>
        all.filter(({ partition }) => matches(partition));
      for (let id = 0; id < 12; id += 1) {
        const directory = uuidOf(5_000 + id * 2);
        expect([...partitionsWithIsrMember(topics, id)]).toEqual(where((p) => p.isr.includes(id)));
        expect([...partitionsWithReplica(topics, id)]).toEqual(
          where((p) => p.replicas.includes(id)),
        );
        expect([...partitionsLedBy(topics, id)]).toEqual(where((p) => p.leader === id));
        expect([...partitionsWithElrMember(topics, id)]).toEqual(
          where((p) => p.eligibleLeaderReplicas.includes(id)),
        );
        expect([...partitionsInDirectory(topics, id, directory)]).toEqual(
          where((p) => p.directories.some((d, at) => d === directory && p.replicas[at] === id)),
        );
      }
      expect([...leaderlessPartitions(topics)]).toEqual(where((p) => p.leader === -1));
      expect([...imbalancedPartitions(topics)]).toEqual(where((p) => p.leader !== p.replicas[0]));
      expect([...reassigningPartitions(topics)]).toEqual(
        where((p) => p.addingReplicas.length > 0 || p.removingReplicas.length > 0),
      );
    }),
    { numRuns: 40 },
  );
});

test("the random logs hold every kind of record there is", () => {
  const seen = new Set<string>();
  for (let seed = 1; seed < 200; seed += 1) {
    const steps = Array.from(
      { length: 100 },
      (_, i) => Math.imul(seed * 1_000 + i, 2_654_435_761) >>> 1,
    );
    for (const { type } of streamOf(33, steps)) seen.add(type);
  }
  // The ZooKeeper record is of the past: read, never written, and without meaning.
  expect([...seen, "ZK_MIGRATION_STATE_RECORD"].toSorted()).toEqual([...RECORD_TYPES].toSorted());
});

const names = (image: MetadataImage): string[] => [...stableImage(image).topics.idsByName.keys()];

test("readers see nothing of a transaction that is open, and nothing ever of one that was aborted", () => {
  const begin = record("BEGIN_TRANSACTION_RECORD", 0, {});
  const abort = record("ABORT_TRANSACTION_RECORD", 0, {});
  const open = replayAll([topicRecord(1, "kept"), begin, topicRecord(2, "lost")]);
  expect(names(open)).toEqual(["kept"]);
  // The next leader aborts and begins anew in one batch: nothing of the first may leak into the second.
  const again = replayAll([abort, begin, topicRecord(3, "second")], open);
  expect(names(again)).toEqual(["kept"]);
  const ended = replayAll([record("END_TRANSACTION_RECORD", 0, {})], again);
  expect(names(ended)).toEqual(["kept", "second"]);
});

const topicRecord = (id: number, name: string): MetadataRecord =>
  record("TOPIC_RECORD", 0, { name, topicId: uuidOf(id) });

test.each([
  ["a second topic of that name", [topicRecord(1, "a"), topicRecord(2, "a")]],
  ["a second topic of that id", [topicRecord(1, "a"), topicRecord(1, "b")]],
  [
    "a partition of no topic",
    [record("PARTITION_RECORD", 0, { topicId: uuidOf(1), partitionId: 0, replicas: [1] })],
  ],
  [
    "a change of no partition",
    [
      topicRecord(1, "a"),
      record("PARTITION_CHANGE_RECORD", 0, { topicId: uuidOf(1), partitionId: 0 }),
    ],
  ],
  ["the removal of no topic", [record("REMOVE_TOPIC_RECORD", 0, { topicId: uuidOf(1) })]],
  ["the fencing of no broker", [record("FENCE_BROKER_RECORD", 0, { id: 1, epoch: 1 })]],
  ["the end of no transaction", [record("END_TRANSACTION_RECORD", 0, {})]],
  [
    "a metadata.version that nobody here knows",
    [record("FEATURE_LEVEL_RECORD", 0, { name: "metadata.version", featureLevel: 34 })],
  ],
])("replaying %s is an assertion, not a refusal", (_claim, records) => {
  expect(() => replayAll(records)).toThrow(AssertionError);
});

test("partitions are iterated by the bytes of their topic's id, then by number", () => {
  fc.assert(
    fc.property(recordStream(25), (log) => {
      const keys = [...allPartitions(replayAll(log).topics)].map(({ topicId, partitionId }) => {
        const bytes = [...uuidToBytes(topicId)].map((byte) => String.fromCharCode(byte)).join("");
        return bytes + String(partitionId).padStart(9, "0");
      });
      expect(keys).toEqual(keys.toSorted());
    }),
    { numRuns: 20 },
  );
});

test("the last credential of a mechanism goes and another comes in one batch: the new one stays", () => {
  const bytes = new Uint8Array([1]);
  const keys = { salt: bytes, storedKey: bytes, serverKey: bytes, iterations: 4_096 };
  const credential = (name: string): MetadataRecord =>
    record("USER_SCRAM_CREDENTIAL_RECORD", 0, { name, mechanism: 1, ...keys });
  const gone = record("REMOVE_USER_SCRAM_CREDENTIAL_RECORD", 0, { name: "a", mechanism: 1 });
  const image = replayAll([gone, credential("b")], replayAll([credential("a")]));
  expect([...image.scram.values()].map(({ name }) => name)).toEqual(["b"]);
});

test("a topic takes its configs with it, those too that came in the same batch", () => {
  const config = record("CONFIG_RECORD", 0, {
    resourceType: 2,
    resourceName: "a",
    name: "k",
    value: "v",
  });
  const gone = record("REMOVE_TOPIC_RECORD", 0, { topicId: uuidOf(1) });
  const image = replayAll([topicRecord(1, "a"), config, gone, topicRecord(2, "a")]);
  expect([...image.configs]).toEqual([]);
});

test("a level of kraft.version in the log decides nothing: it is Raft's", () => {
  const level = record("FEATURE_LEVEL_RECORD", 0, { name: "kraft.version", featureLevel: 0 });
  expect(finalizedFeatures(replayAll([level])).features).toEqual([
    { name: "kraft.version", level: 1 },
  ]);
});

const replayedUpTo = (
  endOffset: number,
  records: readonly MetadataRecord[],
  image: MetadataImage,
): MetadataImage => applyRecords(image, records, { endOffset, epoch: 1, timestampMs: 0 });

test("the epoch of finalized features is the offset at which they last changed", () => {
  const level = record("FEATURE_LEVEL_RECORD", 0, { name: "metadata.version", featureLevel: 25 });
  const changed = replayedUpTo(10, [level], emptyImage);
  expect(finalizedFeatures(changed).epoch).toBe(10);
  expect(finalizedFeatures(replayedUpTo(11, [topicRecord(1, "a")], changed)).epoch).toBe(10);
  expect(finalizedFeatures(emptyImage).epoch).toBe(-1);
});
