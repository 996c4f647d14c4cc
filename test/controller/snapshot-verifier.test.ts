/**
 * A fetched snapshot is read back before it is believed: a sound one is passed on with what its header says, and none
 * that is otherwise is.
 */
import { beforeEach, expect, test } from "vitest";
import { SnapshotVerifier } from "../../durable-objects/snapshots/snapshot-verifier.ts";
import {
  ConfigRecord,
  encodeMetadataRecord,
  snapshotEncoder,
  type MetadataRecord,
} from "../../src/protocol/index.ts";
import type { SnapshotId, StoredSnapshot, VoterSet } from "../../src/raft/index.ts";
import { Disk } from "../sim/disk.ts";
import { checkpointOf, imageOf, StepTimers, storeFetched, VOTERS } from "./snapshot-parts.ts";

const config = (at: number): MetadataRecord =>
  ConfigRecord.of(0, { resourceType: 2, resourceName: `t${at}`, name: "a", value: "b" });

const checkpoint = checkpointOf(imageOf(Array.from({ length: 5_000 }, (_, at) => config(at))));

let disk: Disk;
let timers: StepTimers;
let sound: { readonly snapshot: StoredSnapshot; readonly voters: VoterSet }[];
let refused: SnapshotId[];
let lines: string[];
let failures: unknown[];
let verifier: SnapshotVerifier;

beforeEach(() => {
  disk = new Disk();
  timers = new StepTimers();
  sound = [];
  refused = [];
  lines = [];
  failures = [];
  verifier = new SnapshotVerifier({
    mayNameNone: false,
    snapshots: disk.snapshots,
    timers,
    operatorLog: {
      warn: (_event, line) => lines.push(line),
      error: (_event, line) => lines.push(line),
    },
    sound: (snapshot, voters) => sound.push({ snapshot, voters }),
    refused: (id) => refused.push(id),
    failed: (cause) => failures.push(cause),
  });
});

const { endOffset, epoch, size } = checkpoint.stored;
const id = { endOffset, epoch };

test("a sound snapshot is passed on with its voters and its time, after some events", () => {
  storeFetched(disk, checkpoint);
  verifier.begin(id, size);
  expect(timers.runAll()).toBeGreaterThan(5);
  expect(sound).toEqual([{ snapshot: checkpoint.stored, voters: VOTERS }]);
  expect([refused, lines, failures]).toEqual([[], [], []]);
});

test("a chunk that holds more than a slice of records takes several events", () => {
  storeFetched(disk, checkpoint, 1_048_576);
  verifier.begin(id, size);
  expect(timers.runAll()).toBe(3);
  expect(sound).toHaveLength(1);
});

test.each([
  ["has a flipped bit", (bytes: Uint8Array) => bytes.with(2_000, (bytes[2_000] ?? 0) ^ 4), {}],
  ["is of another epoch than its name", (bytes: Uint8Array) => bytes, { epoch: 4 }],
  ["is shorter than it should be", (bytes: Uint8Array) => bytes.subarray(0, -70), {}],
  ["holds what is no record", () => unreadable(), {}],
])("one that %s is refused, with a line for operators", (_, change, name) => {
  const bytes = Uint8Array.from(change(checkpoint.bytes));
  const asked = { ...id, ...name };
  storeFetched(disk, { bytes, stored: { ...checkpoint.stored, ...asked } });
  verifier.begin(asked, bytes.length);
  timers.runAll();
  expect(refused).toEqual([asked]);
  expect(sound).toEqual([]);
  expect(lines).toEqual([expect.stringContaining(`${endOffset}-${asked.epoch}`)]);
  expect(timers.step()).toBe(false);
});

/** A snapshot that is framed as it should be, of a record that this build does not know. */
function unreadable(): Uint8Array {
  const encoder = snapshotEncoder({
    epoch,
    lastContainedLogTimestampMs: 0,
    timestampMs: 0,
    voters: null,
  });
  const values = [encodeMetadataRecord(config(0)), Uint8Array.of(1, 99, 0)];
  return Uint8Array.from(Buffer.concat([encoder.header(), encoder.data(values), encoder.footer()]));
}

test("one that is abandoned is not spoken of again, and the next is begun from its start", () => {
  storeFetched(disk, checkpoint);
  verifier.begin(id, size);
  timers.step();
  verifier.stop();
  expect(timers.step()).toBe(false);
  storeFetched(disk, checkpoint, 1_000);
  verifier.begin(id, size);
  timers.runAll();
  expect(sound).toHaveLength(1);
});

test("storage that fails is no fault of the snapshot", () => {
  verifier.begin(id, size);
  timers.runAll();
  expect(failures).toHaveLength(1);
  expect([sound, refused]).toEqual([[], []]);
});
