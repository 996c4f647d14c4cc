/**
 * Making a snapshot, a slice an event: what is stored of it when, what it pins, and how it begins again or is given up.
 */
import { beforeEach, describe, expect, test } from "vitest";
import type { SnapshotStore } from "../../durable-objects/replica/ports.ts";
import { SnapshotMaker } from "../../durable-objects/snapshots/snapshot-maker.ts";
import { applyRecords, type MetadataImage } from "../../src/metadata/index.ts";
import {
  decodeSnapshot,
  FeatureLevelRecord,
  PartitionChangeRecord,
  PartitionRecord,
  TopicRecord,
  UNASSIGNED_DIRECTORY,
  type MetadataRecord,
} from "../../src/protocol/index.ts";
import type { StoredSnapshot } from "../../src/raft/index.ts";
import { uuidOf } from "../metadata/record-streams.ts";
import { Disk } from "../sim/disk.ts";
import { checkpointOf, imageOf, StepTimers, VOTERS } from "./snapshot-parts.ts";

/** A topic of so many partitions. */
const topic = (partitions: number): readonly MetadataRecord[] => [
  FeatureLevelRecord.of(0, { name: "metadata.version", featureLevel: 25 }),
  TopicRecord.of(0, { name: "topic", topicId: uuidOf(0) }),
  ...Array.from({ length: partitions }, (_, partitionId) =>
    PartitionRecord.of(1, {
      topicId: uuidOf(0),
      partitionId,
      replicas: [1, 2, 3],
      isr: [1, 2, 3],
      leader: 1,
      leaderEpoch: 0,
      partitionEpoch: 0,
      directories: [UNASSIGNED_DIRECTORY, UNASSIGNED_DIRECTORY, UNASSIGNED_DIRECTORY],
    }),
  ),
];

let disk: Disk;
let timers: StepTimers;
let newest: MetadataImage | null;
let made: StoredSnapshot[];
let lines: string[];
let ends: string[];
let failures: unknown[];
let maker: SnapshotMaker;

beforeEach(() => {
  disk = new Disk();
  timers = new StepTimers();
  newest = null;
  made = [];
  lines = [];
  ends = [];
  failures = [];
  maker = makerOf(disk.snapshots);
});

const makerOf = (snapshots: SnapshotStore): SnapshotMaker =>
  new SnapshotMaker({
    disk: { transaction: (write) => disk.transaction(write), whenDurable: () => undefined },
    snapshots,
    timers,
    operatorLog: {
      warn: (_event, line) => lines.push(line),
      error: (_event, line) => lines.push(line),
    },
    newest: () => (newest === null ? null : { image: newest, voters: VOTERS }),
    unsharedChunksMax: 10,
    made: (snapshot) => {
      disk.transaction(() => disk.snapshots.complete("made", snapshot));
      made.push(snapshot);
    },
    tooLarge: () => ends.push("too large"),
    dropped: () => ends.push("dropped"),
    failed: (cause) => failures.push(cause),
  });

/** The bytes of the only whole snapshot. */
function storedBytes(): Buffer {
  const [snapshot] = disk.snapshots.list();
  if (snapshot === undefined) throw new Error("no snapshot is whole");
  const pieces: Uint8Array[] = [];
  for (let position = 0; position < snapshot.size;) {
    const piece = disk.snapshots.read({ id: snapshot, position, maxBytes: 1_000_000 });
    if (piece === null) throw new Error("a chunk has changed");
    pieces.push(piece);
    position += piece.length;
  }
  return Buffer.concat(pieces);
}

/** Lets every partition have another leader, which copies every chunk. */
function changeAll(image: MetadataImage, partitions: number, leader: number): MetadataImage {
  const records = Array.from({ length: partitions }, (_, partitionId) =>
    PartitionChangeRecord.of(0, { topicId: uuidOf(0), partitionId, leader }),
  );
  const { provenance } = image;
  const endOffset = provenance.endOffset + partitions;
  return applyRecords(image, records, { ...provenance, endOffset });
}

describe("a snapshot that is made", () => {
  test("is stored slice by slice, and is the image that it began with", () => {
    const image = imageOf(topic(7_000));
    newest = image;
    maker.begin();
    expect(maker.isMaking).toBe(true);
    expect(disk.snapshots.readUnfinished("made", 0)?.length).toBeGreaterThan(0);
    timers.step();
    newest = changeAll(image, 100, 2);
    // 7,002 records, of which a slice takes 500.
    expect(1 + timers.runAll()).toBe(15);
    expect(maker.isMaking).toBe(false);
    const { bytes, stored } = checkpointOf(image);
    expect(made).toEqual([stored]);
    expect(disk.snapshots.list()).toEqual([stored]);
    expect(storedBytes().equals(bytes)).toBe(true);
    expect(decodeSnapshot(bytes).values).toHaveLength(7_002);
  });

  test("and given up leaves nothing that is read, and no further event", () => {
    newest = imageOf(topic(5_000));
    maker.begin();
    timers.step();
    maker.abandon();
    expect(maker.isMaking).toBe(false);
    expect(timers.step()).toBe(false);
    expect(() => disk.snapshots.readUnfinished("made", 0)).toThrow("no snapshot is being made");
    expect(made).toEqual([]);
  });

  test("and cannot be stored says so, and goes on no more", () => {
    newest = imageOf(topic(5_000));
    maker.begin();
    disk.failNext = new Error("the disk is full");
    timers.runAll();
    expect(failures).toMatchObject([{ message: "the disk is full" }]);
    expect(maker.isMaking).toBe(false);
    expect(made).toEqual([]);
  });

  test.each([0, 1])("of %i bytes more than can be stored is given up before they are", (over) => {
    newest = imageOf(topic(30_000));
    const { size } = checkpointOf(newest).stored;
    maker = makerOf({ ...disk.snapshots, snapshotBytesMax: size - over });
    maker.begin();
    timers.runAll();
    expect(maker.isMaking).toBe(false);
    expect(ends).toEqual(over === 0 ? [] : ["dropped", "too large"]);
    expect(made).toHaveLength(1 - over);
    expect(disk.snapshots.list()).toEqual(made);
    expect(failures).toEqual([]);
  });

  test("when there is nothing any more that it could be of is none", () => {
    maker.begin();
    expect(maker.isMaking).toBe(false);
    expect(timers.step()).toBe(false);
  });
});

describe("an image that is changed everywhere while it is written", () => {
  // Sixteen chunks, more than a snapshot may keep here.
  const PARTITIONS = 4_000;
  const before = imageOf(topic(PARTITIONS));

  test("is let go of, and the newest is taken after a pause that doubles, until it is quiet", () => {
    newest = before;
    maker.begin();
    timers.step();
    const { nowMs } = timers;
    const pauses: number[] = [];
    for (const leader of [2, 3]) {
      newest = changeAll(newest, PARTITIONS, leader);
      timers.step();
      expect(() => disk.snapshots.readUnfinished("made", 0)).toThrow("no snapshot is being made");
      expect(maker.isMaking).toBe(true);
      timers.step();
      pauses.push(timers.nowMs - nowMs);
    }
    expect(pauses).toEqual([5_000, 15_000]);
    timers.runAll();
    expect(made).toMatchObject([{ endOffset: newest.provenance.endOffset }]);
    expect(storedBytes().equals(checkpointOf(newest).bytes)).toBe(true);
    expect(lines).toEqual([]);
  });

  test("is held at the fourth attempt, with a line for operators", () => {
    newest = before;
    maker.begin();
    for (const leader of [2, 3, 1]) {
      timers.step();
      newest = changeAll(newest, PARTITIONS, leader);
      timers.step();
      timers.step();
    }
    const fourth = newest;
    newest = changeAll(newest, PARTITIONS, 2);
    timers.runAll();
    expect(lines).toEqual([expect.stringContaining("goes on although metadata changes fast")]);
    expect(made).toMatchObject([{ endOffset: fourth.provenance.endOffset }]);
  });
});
