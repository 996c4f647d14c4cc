/**
 * Which snapshots others are fetching. One of them is not deleted as soon as it is of no more use here, or its reader
 * would begin again with the next, and perhaps never come to an end.
 */
import type { SnapshotId } from "../../src/raft/index.ts";

/** A reader that has not asked for the next range by then has gone. */
const IDLE_MS = 60_000;
/** For so long readers may keep a snapshot that is due to be deleted. */
const HELD_MS_MAX = 600_000;

interface Reading {
  readonly firstMs: number;
  readonly lastMs: number;
}

export class SnapshotReaders {
  readonly #readings = new Map<number, Reading>();

  /** A range of this snapshot, which is listed, was read. */
  wasRead({ endOffset }: SnapshotId, nowMs: number): void {
    const before = this.#readings.get(endOffset);
    const isOver = before === undefined || nowMs >= before.lastMs + IDLE_MS;
    this.#readings.set(endOffset, { firstMs: isOver ? nowMs : before.firstMs, lastMs: nowMs });
  }

  /** Until when the snapshot is kept for those who fetch it; not after `nowMs` if nobody does. */
  heldUntil({ endOffset }: SnapshotId, nowMs: number): number {
    const reading = this.#readings.get(endOffset);
    if (reading === undefined) return nowMs;
    return Math.min(reading.lastMs + IDLE_MS, reading.firstMs + HELD_MS_MAX);
  }

  /** Snapshots below `offset` are not listed any more. */
  forgetBelow(offset: number): void {
    for (const endOffset of this.#readings.keys())
      if (endOffset < offset) this.#readings.delete(endOffset);
  }
}
