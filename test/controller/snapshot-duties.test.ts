/**
 * What a voter owes in snapshots, where an install or a newer snapshot comes in between: a replica that says what a
 * test wants, over the simulator's disk.
 */
import { expect, test } from "vitest";
import { dataBatch } from "../../durable-objects/replica/entries.ts";
import type { Replica } from "../../durable-objects/replica/replica.ts";
import { defaultSettings } from "../../durable-objects/cluster-settings.ts";
import { SnapshotDuties } from "../../durable-objects/snapshots/snapshot-duties.ts";
import { ConfigRecord, encodeMetadataRecord } from "../../src/protocol/index.ts";
import type { StoredSnapshot } from "../../src/raft/index.ts";
import { Disk } from "../sim/disk.ts";
import { imageOf, StepTimers, VOTERS } from "./snapshot-parts.ts";

const records = Array.from({ length: 5_000 }, (_, at) =>
  ConfigRecord.of(0, { resourceType: 2, resourceName: `t${at}`, name: "a", value: "b" }),
);

/**
 * A voter that has committed 5,000 records in one batch, at time 0, and has just begun a snapshot of them, if their
 * bytes are enough; it is listed, or not.
 */
function making({
  isListed,
  bytesBetween = 1,
  bytesMax = 2 ** 32,
}: {
  isListed: boolean;
  bytesBetween?: number;
  bytesMax?: number;
}) {
  const disk = new Disk();
  const timers = new StepTimers();
  const failures: unknown[] = [];
  const lines: string[] = [];
  const asked: StoredSnapshot[] = [];
  const values = records.map(encodeMetadataRecord);
  const bytes = dataBatch({ baseOffset: 0, values, timestampMs: 0 }, 3);
  disk.transaction(() =>
    disk.log.append({ baseOffset: 0, lastOffset: 4_999, epoch: 3, control: false, bytes }),
  );
  const replica = {
    voters: VOTERS,
    state: {
      config: { local: VOTERS[0] },
      voters: { bootstrap: VOTERS, records: [] },
      log: { startOffset: 0, endOffset: 5_000, epochs: [], snapshots: [] },
    },
    snapshotMade: (snapshot: StoredSnapshot) => {
      asked.push(snapshot);
      return isListed;
    },
    cutLog: () => failures.push("nothing was to be cut"),
    armWake: () => undefined,
    sweep: () => disk.transaction(() => void disk.snapshots.sweep(1_000)),
  };
  const image = imageOf(records, { endOffset: 5_000 });
  const duties = new SnapshotDuties({
    ports: {
      disk: { transaction: (write) => disk.transaction(write), whenDurable: (then) => then() },
      log: disk.log,
      snapshots: { ...disk.snapshots, snapshotBytesMax: bytesMax },
      timers,
      clock: () => timers.nowMs,
      operatorLog: {
        warn: (_, line) => void lines.push(line),
        error: (_, line) => void lines.push(line),
      },
    },
    settings: {
      ...defaultSettings([]),
      "metadata.log.max.record.bytes.between.snapshots": bytesBetween,
    },
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the duties ask of a replica is all here
    replica: replica as unknown as Replica,
    // After the first there is nothing new.
    committedImage: () => (asked.length === 0 ? image : null),
    failed: (cause) => failures.push(cause),
  });
  duties.committed();
  return { disk, duties, timers, failures, lines, asked };
}

const made = ({ snapshots }: Disk): Uint8Array | null => snapshots.readUnfinished("made", 0);

test("a snapshot that is being made is given up when another replaces the log", () => {
  const { disk, duties, timers, failures } = making({ isListed: true });
  timers.step();
  expect(made(disk)).not.toBeNull();
  duties.installed();
  expect(() => made(disk)).toThrow("no snapshot is being made");
  expect(timers.step()).toBe(false);
  expect(failures).toEqual([]);
});

test("one that is of no use when it is done leaves nothing behind", () => {
  const { disk, timers, failures, asked } = making({ isListed: false });
  expect(timers.runAll()).toBe(11);
  expect(asked).toMatchObject([{ endOffset: 5_000 }]);
  expect(() => made(disk)).toThrow("no snapshot is being made");
  expect(failures).toEqual([]);
});

test("a voter that stops makes no further slice", () => {
  const { duties, timers } = making({ isListed: true });
  timers.step();
  duties.stop();
  expect(timers.step()).toBe(false);
});

test("a storage that refuses ends the voter, also where a snapshot is due for its age", () => {
  const { disk, duties, timers, failures } = making({ isListed: true, bytesBetween: 2 ** 40 });
  duties.runDueDuties();
  timers.nowMs = duties.nextDutyAt;
  expect(timers.nowMs).toBe(3_600_000);
  const full = new Error("the disk is full");
  disk.failNext = full;
  duties.runDueDuties();
  expect(failures).toEqual([full]);
});

test("metadata that no snapshot can hold is said once, and tried again an hour later", () => {
  const { disk, duties, timers, failures, lines, asked } = making({
    isListed: true,
    bytesMax: 1_000,
  });
  expect(timers.runAll()).toBe(11);
  const said = "metadata takes more than 1000 bytes: no snapshot is made, and the log grows";
  expect([lines, duties.failure]).toEqual([[said], said]);
  expect(() => made(disk)).toThrow("no snapshot is being made");
  expect(disk.snapshots.sweep(0)).toBe(true);
  expect(disk.log.endOffset()).toBe(5_000);
  // Commits go on, and none of them begins another.
  duties.committed();
  duties.runDueDuties();
  expect(timers.step()).toBe(false);
  expect(duties.nextDutyAt).toBe(3_600_000);
  timers.nowMs = 3_600_000;
  duties.runDueDuties();
  expect(timers.runAll()).toBe(11);
  expect([lines, duties.failure]).toEqual([[said], said]);
  expect([asked, failures]).toEqual([[], []]);
});

test("a snapshot of the leader that cannot be stored is said once, until one is installed", () => {
  const { duties, failures, lines } = making({ isListed: true });
  expect(duties.failure).toBeNull();
  duties.fetchedTooLarge();
  duties.fetchedTooLarge();
  expect(lines).toEqual([expect.stringContaining("has more than 4294967296 bytes")]);
  expect(duties.failure).toBe(lines[0]);
  duties.installed();
  expect(duties.failure).toBeNull();
  expect(failures).toEqual([]);
});

test("a snapshot that could be made after all takes the sentence back", () => {
  const { duties, timers } = making({ isListed: true });
  duties.fetchedTooLarge();
  timers.runAll();
  expect(duties.failure).toBeNull();
});
