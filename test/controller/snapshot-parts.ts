/**
 * The pieces that make, verify and load snapshots, each alone over the simulator's disk: timers that run one by one,
 * images of random records, and what a test asks of both.
 */
import { SnapshotWriting } from "../../durable-objects/snapshots/snapshot-writing.ts";
import type { Timers } from "../../durable-objects/replica/ports.ts";
import { applyRecords, emptyImage, type MetadataImage } from "../../src/metadata/index.ts";
import type { MetadataRecord } from "../../src/protocol/index.ts";
import type { StoredSnapshot, Voter } from "../../src/raft/index.ts";
import type { Disk } from "../sim/disk.ts";
import { VOTER } from "./world.ts";

export const VOTERS: readonly Voter[] = [
  {
    key: { id: VOTER.node_id, directoryId: VOTER.directory_id },
    endpoints: [{ name: "CONTROLLER", host: VOTER.host, port: VOTER.port }],
    kraftVersions: { min: 0, max: 1 },
  },
];

/** The image of `records`, which end at `endOffset`. */
export const imageOf = (
  records: readonly MetadataRecord[],
  { endOffset = 100, epoch = 3, timestampMs = 1_700_000_000_000 } = {},
): MetadataImage => applyRecords(emptyImage, records, { endOffset, epoch, timestampMs });

/** The checkpoint of an image, written `recordsMax` at a time. */
export function checkpointOf(
  image: MetadataImage,
  { recordsMax = 2_000, voters = VOTERS } = {},
): { readonly bytes: Uint8Array; readonly stored: StoredSnapshot } {
  const writing = new SnapshotWriting(image, voters);
  const pieces = [writing.header()];
  for (;;) {
    const { batches, isLast } = writing.slice(recordsMax);
    pieces.push(...batches);
    if (isLast) return { bytes: Uint8Array.from(Buffer.concat(pieces)), stored: writing.stored };
  }
}

/** Stores a checkpoint as if it had been fetched, in pieces of `pieceBytes`. */
export function storeFetched(
  disk: Disk,
  { bytes, stored }: ReturnType<typeof checkpointOf>,
  pieceBytes = 4_096,
): void {
  disk.transaction(() => {
    disk.snapshots.begin("fetched", stored);
    for (let at = 0; at < bytes.length; at += pieceBytes)
      disk.snapshots.append("fetched", bytes.subarray(at, at + pieceBytes));
  });
}

/** Timers that run one by one, in the order of their time. */
export class StepTimers implements Timers {
  nowMs = 0;
  #waiting: readonly { readonly atMs: number; readonly run: () => void }[] = [];

  set(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.nowMs + delayMs, run };
    this.#waiting = [...this.#waiting, timer];
    return () => (this.#waiting = this.#waiting.filter((other) => other !== timer));
  }

  /** Runs the next one; false when none waits. */
  step(): boolean {
    const [next] = this.#waiting.toSorted((one, other) => one.atMs - other.atMs);
    if (next === undefined) return false;
    this.#waiting = this.#waiting.filter((other) => other !== next);
    this.nowMs = next.atMs;
    next.run();
    return true;
  }

  /** Runs all of them, and those that they set; how many there were. */
  runAll(): number {
    let count = 0;
    while (this.step()) count += 1;
    return count;
  }
}
