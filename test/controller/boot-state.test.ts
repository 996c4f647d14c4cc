/**
 * What a replica boots from when the log no longer begins at 0: the snapshot before the log says who votes, and nothing
 * of what was below the start or not finished comes back.
 */
import { describe, expect, test } from "vitest";
import { bootState } from "../../durable-objects/replica/boot-state.ts";
import { controlBatch } from "../../durable-objects/replica/entries.ts";
import type { StoredSnapshot, Voter } from "../../src/raft/index.ts";
import { Disk } from "../sim/disk.ts";
import { snapshotBytes } from "./checkpoint.ts";

const voter = (id: number): Voter => ({
  key: { id, directoryId: `JEXY6aqzQY-32P5TStza${id % 10}g` },
  endpoints: [{ name: "CONTROLLER", host: "localhost", port: 9000 + id }],
  kraftVersions: { min: 0, max: 1 },
});

const world = (disk: Disk) => ({
  disk: {
    transaction: (write: () => void): void => void disk.transaction(write),
    whenDurable: (then: () => void): void => then(),
  },
  quorum: disk.quorum,
  log: disk.log,
  snapshots: disk.snapshots,
});

/** Makes a whole snapshot. */
function store({ snapshots }: Disk, endOffset: number, bytes: Uint8Array): StoredSnapshot {
  const snapshot = { endOffset, epoch: 4, size: bytes.byteLength, timestampMs: 1 };
  snapshots.begin("made", snapshot);
  snapshots.append("made", bytes);
  snapshots.complete("made", snapshot);
  return snapshot;
}

/** A control batch of one voter set at the end of the log. */
function appendVoters({ log }: Disk, voters: readonly Voter[]): void {
  const baseOffset = log.endOffset();
  const entry = {
    baseOffset,
    lastOffset: baseOffset,
    epoch: 4,
    control: [{ kind: "kraft-voters", voters }],
    payload: null,
  } as const;
  const bytes = controlBatch(entry, 1);
  log.append({ baseOffset, lastOffset: baseOffset, epoch: 4, control: true, bytes });
  log.writeEpochStart({ epoch: 4, startOffset: baseOffset });
}

describe("a replica whose log begins with a snapshot", () => {
  // 40 bytes a chunk: the header takes several.
  test.each([40, 1024 * 1024])("votes with whom its header names, in chunks of %i", (chunk) => {
    const disk = new Disk(chunk);
    const bytes = snapshotBytes(4, [voter(3), voter(1)]);
    disk.transaction(() => {
      appendVoters(disk, [voter(9)]);
      const snapshot = store(disk, 1, bytes);
      disk.log.moveStart(snapshot.endOffset);
      appendVoters(disk, [voter(1), voter(2), voter(3)]);
      // A newer one, which the log still reaches below.
      store(disk, 2, snapshotBytes(4, [voter(7)]));
    });
    const image = bootState(world(disk));
    expect(image.voters).toEqual([
      { offset: 0, voters: [voter(1), voter(3)] },
      { offset: 1, voters: [voter(1), voter(2), voter(3)] },
    ]);
    expect(image.log).toMatchObject({
      startOffset: 1,
      endOffset: 2,
      epochs: [{ epoch: 4, startOffset: 1 }],
      snapshots: [{ endOffset: 1 }, { endOffset: 2 }],
    });
  });

  test("knows of none at kraft.version 0, and where an empty log begins", () => {
    const disk = new Disk();
    disk.transaction(() => {
      const { endOffset } = store(disk, 90, snapshotBytes(4, null));
      disk.log.restartAt(endOffset);
    });
    expect(bootState(world(disk))).toMatchObject({
      voters: [],
      log: { startOffset: 90, endOffset: 90, epochs: [], snapshots: [{ endOffset: 90, epoch: 4 }] },
    });
  });

  test("does not boot from one that is damaged, or that begins with something else", () => {
    for (const [at, sentence] of [
      [17, "the snapshot 1-4 before the log is damaged"],
      [-1, "the snapshot 1-4 before the log has no header"],
    ] as const) {
      const disk = new Disk();
      const bytes = at === -1 ? new Uint8Array(11) : snapshotBytes(4, [voter(1)]);
      disk.transaction(() => {
        store(disk, 1, bytes);
        disk.log.restartAt(1);
      });
      if (at !== -1) {
        const chunk = disk.snapshots.read({
          id: { endOffset: 1, epoch: 4 },
          position: 0,
          maxBytes: bytes.byteLength,
        });
        if (chunk !== null) chunk[at] = (chunk[at] ?? 0) ^ 1;
      }
      expect(() => bootState(world(disk))).toThrow(sentence);
    }
  });
});

test("what an earlier incarnation has not finished is dropped", () => {
  const disk = new Disk();
  disk.transaction(() => {
    for (const kind of ["made", "fetched"] as const) {
      disk.snapshots.begin(kind, { endOffset: 7, epoch: 1 });
      disk.snapshots.append(kind, Uint8Array.of(1));
    }
  });
  bootState(world(disk));
  for (const kind of ["made", "fetched"] as const)
    expect(() => disk.snapshots.readUnfinished(kind, 0)).toThrow(`no snapshot is being ${kind}`);
  disk.transaction(() => expect(disk.snapshots.sweep(3)).toBe(false));
  disk.transaction(() => expect(disk.snapshots.sweep(1)).toBe(true));
});
