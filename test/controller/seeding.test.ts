/** A node that is not formed is given what its log begins after: whole, sound and once, or not at all. */
import { beforeEach, expect, test } from "vitest";
import { Seeding } from "../../durable-objects/snapshots/seeding.ts";
import { ConfigRecord, type MetadataRecord } from "../../src/protocol/index.ts";
import { Disk } from "../sim/disk.ts";
import { checkpointOf, imageOf, StepTimers } from "./snapshot-parts.ts";

const config = (at: number): MetadataRecord =>
  ConfigRecord.of(0, { resourceType: 2, resourceName: `t${at}`, name: "a", value: "b" });

const { bytes, stored } = checkpointOf(
  imageOf(Array.from({ length: 5_000 }, (_, at) => config(at))),
);
const { endOffset, epoch } = stored;
const id = { endOffset, epoch };

let disk: Disk;
let timers: StepTimers;
let seeding: Seeding;
let ended: (string | null)[];

const begin = (snapshots = disk.snapshots): Seeding =>
  new Seeding({
    disk,
    log: disk.log,
    snapshots,
    timers,
    operatorLog: { warn: () => undefined, error: () => undefined },
  });

beforeEach(() => {
  disk = new Disk();
  timers = new StepTimers();
  seeding = begin();
  ended = [];
});

const end = (snapshot = stored): void => seeding.end(snapshot, (reason) => ended.push(reason));

/** Gives the bytes in pieces; the first refusal, or null. */
function give(given: Uint8Array, pieceBytes = 4_096): string | null {
  for (let at = 0; at < given.length; at += pieceBytes) {
    const reason = seeding.add(id, at, given.subarray(at, at + pieceBytes));
    if (reason !== null) return reason;
  }
  return null;
}

/** Nothing begins from here but an empty log. */
function expectNothing(): void {
  expect(disk.snapshots.list()).toEqual([]);
  expect([disk.log.startOffset(), disk.log.endOffset()]).toEqual([0, 0]);
}

test("a seed that is sound is what the log begins and ends after, once it was read back", () => {
  expect(give(bytes)).toBeNull();
  end();
  expectNothing();
  timers.runAll();
  expect(ended).toEqual([null]);
  expect(disk.snapshots.list()).toEqual([stored]);
  expect([disk.log.startOffset(), disk.log.endOffset()]).toEqual([endOffset, endOffset]);
});

test("a seed that has been ended may be ended again: its sender had no answer", () => {
  give(bytes);
  end();
  timers.runAll();
  seeding = begin();
  end();
  expect(ended).toEqual([null, null]);
});

test("a seed that was whole is replaced by one that is given again", () => {
  give(bytes);
  end();
  timers.runAll();
  expect(give(bytes, 100_000)).toBeNull();
  end();
  timers.runAll();
  expect(ended).toEqual([null, null]);
  expect(disk.snapshots.list()).toEqual([stored]);
});

test.each([0, 5, 2_000, bytes.length - 10])("a seed with another byte at %i is not", (at) => {
  const flipped = bytes.slice();
  flipped[at] = (flipped[at] ?? 0) ^ 4;
  expect(give(flipped)).toBeNull();
  end();
  timers.runAll();
  expect(ended).toEqual([expect.stringContaining("not sound")]);
  expectNothing();
});

test("a seed that breaks off is not, whatever its sender says of it", () => {
  const cut = bytes.slice(0, -75);
  give(cut);
  end();
  expect(ended).toEqual([expect.stringContaining("not all here")]);
  end({ ...stored, size: cut.length });
  timers.runAll();
  expect(ended[1]).toContain("not sound");
  expectNothing();
});

test("a seed of another state than its sender says is not", () => {
  give(bytes);
  end({ ...stored, timestampMs: 5 });
  timers.runAll();
  expect(ended).toEqual([expect.stringContaining(`is of ${stored.timestampMs}, not 5`)]);
  const other = { endOffset, epoch: epoch + 1 };
  for (const [at, piece] of [
    [0, bytes.subarray(0, 9)],
    [9, bytes.subarray(9)],
  ] as const) {
    expect(seeding.add(other, at, piece)).toBeNull();
  }
  end({ ...stored, ...other });
  timers.runAll();
  expect(ended[1]).toContain("not sound");
  expectNothing();
});

test("a piece belongs where the one before ended, of the same seed and the same incarnation", () => {
  const piece = bytes.subarray(0, 100);
  expect(seeding.add(id, 0, piece)).toBeNull();
  expect(seeding.add(id, 99, piece)).toContain("begin it again");
  expect(seeding.add(id, 101, piece)).toContain("begin it again");
  expect(seeding.add({ endOffset, epoch: epoch + 1 }, 100, piece)).toContain("begin it again");
  seeding = begin();
  expect(seeding.add(id, 100, piece)).toContain("begin it again");
  expect(give(bytes)).toBeNull();
});

test("a node that has a log is given none", () => {
  disk.transaction(() =>
    disk.log.append({
      baseOffset: 0,
      lastOffset: 0,
      epoch: 1,
      control: false,
      bytes: bytes.slice(),
    }),
  );
  expect(give(bytes)).toBe("this node has a log");
});

test("who ends a seed hears when another is begun, or the node is formed, before it was read back", () => {
  give(bytes);
  end();
  give(bytes.subarray(0, 100));
  timers.runAll();
  give(bytes);
  end();
  seeding.stop();
  timers.runAll();
  expect(ended).toEqual(["another seed was begun", "the node was formed or wiped meanwhile"]);
  expectNothing();
});

test("a seed of more bytes than can be stored is refused before they are", () => {
  const snapshotBytesMax = bytes.length - 1;
  seeding = begin({ ...disk.snapshots, snapshotBytesMax });
  expect(give(bytes)).toBe(`a snapshot has at most ${snapshotBytesMax} bytes`);
  end();
  expect(ended).toEqual(["its bytes are not all here: begin it again"]);
  expectNothing();
  seeding = begin({ ...disk.snapshots, snapshotBytesMax: bytes.length });
  expect(give(bytes)).toBeNull();
});
