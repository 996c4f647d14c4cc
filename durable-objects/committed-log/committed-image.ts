/**
 * The metadata as this node has replayed it so far: committed records only, in order, each exactly once in an
 * incarnation. A standby keeps it warm, and starts from it when it takes office.
 *
 * A boot loads the newest snapshot and replays the log from there, or from its start where there is none. Either may be
 * long, so it goes in slices: one event takes one slice, and between two of them the replica votes, fetches and
 * answers.
 */
import { applyRecords, emptyImage, type MetadataImage } from "../../src/metadata/index.ts";
import { assert } from "../../src/std/assert.ts";
import { decodeMetadataRecord } from "../../src/protocol/index.ts";
import type { StoredSnapshot } from "../../src/raft/index.ts";
import { valuesOf } from "../replica/entries.ts";
import type { LogStore, SnapshotStore } from "../replica/ports.ts";
import type { StoredBatch } from "../replica/stored-batch.ts";
import { readable } from "./readable.ts";
import { SnapshotLoad } from "./snapshot-load.ts";

/** How much of the log is read at once. What a slice does not get to is read again by the next. */
const READ_BYTES = 65_536;
/**
 * What one slice may cost, in records; a batch costs as much as one more. Counted and not timed: in production the
 * clock stands still while JavaScript runs. A change of ISR is the dearest record, since it copies a chunk of the
 * partition table: 32 µs. An event should not exceed 50 ms; `npm run bench -- boot` shows what it takes.
 */
const SLICE_COST = 1_000;
const BATCH_COST = 1;

/**
 * A batch that a slice has begun with: one may hold ten thousand records and 8 MiB. It is read once, and its records
 * are decoded by the slice that replays them. Its image is nobody's to see before its end.
 */
interface OpenedBatch {
  readonly batch: StoredBatch;
  readonly values: readonly Uint8Array[];
  readonly timestampMs: number;
  readonly done: number;
  readonly image: MetadataImage;
}

/** Where it is read from. */
export interface ImageStores {
  readonly log: Pick<LogStore, "read">;
  readonly snapshots: Pick<SnapshotStore, "read">;
}

export class CommittedImage {
  readonly #log: Pick<LogStore, "read">;
  /** The snapshot that comes first; null when it is loaded, or where there is none. */
  #load: SnapshotLoad | null;
  #image: MetadataImage = emptyImage;
  #endOffset = 0;
  #opened: OpenedBatch | null = null;

  /** `from` is a whole snapshot, or null for a log that begins at 0. */
  constructor({ log, snapshots }: ImageStores, from: StoredSnapshot | null) {
    this.#log = log;
    this.#load = from === null ? null : new SnapshotLoad(from, snapshots);
  }

  get image(): MetadataImage {
    return this.#image;
  }

  /** The offset after the last replayed record; 0 while a snapshot is loaded. */
  get endOffset(): number {
    return this.#endOffset;
  }

  /** Replays one slice towards the high watermark, a batch boundary; true when it is reached. */
  replaySlice(highWatermark: number): boolean {
    if (this.#load !== null)
      return this.#loadSlice(this.#load) && this.#endOffset === highWatermark;
    let cost = 0;
    while (this.#endOffset < highWatermark) {
      for (const batch of this.#nextBatches(highWatermark)) {
        if (cost >= SLICE_COST) return false;
        cost += BATCH_COST + this.#replay(batch, SLICE_COST - cost);
        if (this.#opened !== null) return false;
      }
    }
    return true;
  }

  /** Never empty; the batch that is opened comes alone. */
  #nextBatches(highWatermark: number): readonly StoredBatch[] {
    if (this.#opened !== null) return [this.#opened.batch];
    const from = this.#endOffset;
    const batches = this.#log.read({ from, upTo: highWatermark, maxBytes: READ_BYTES });
    assert(batches.length > 0, `the log has nothing at ${from} below ${highWatermark}`);
    return batches;
  }

  /** Takes over what an active controller has replayed already, up to the high watermark. */
  adopt(image: MetadataImage, highWatermark: number): void {
    this.#image = image;
    this.#endOffset = highWatermark;
    this.#opened = null;
  }

  #loadSlice(load: SnapshotLoad): boolean {
    const image = load.slice();
    if (image === null) return false;
    this.#image = image;
    this.#endOffset = load.snapshot.endOffset;
    this.#load = null;
    return true;
  }

  // A hole in the rows must not be stepped over: every later offset would be right, and the image wrong (I-15).
  #replay(batch: StoredBatch, recordsMax: number): number {
    const { baseOffset, lastOffset } = batch;
    assert(
      baseOffset === this.#endOffset,
      `the log should go on at ${this.#endOffset}, and its next batch begins at ${baseOffset}`,
    );
    if (batch.control) {
      this.#endOffset = lastOffset + 1;
      return 1;
    }
    const before = this.#opened ?? opened(this.#image, batch);
    const after = advanced(before, recordsMax);
    const isWhole = after.done === after.values.length;
    this.#opened = isWhole ? null : after;
    if (isWhole) {
      this.#image = after.image;
      this.#endOffset = lastOffset + 1;
    }
    return after.done - before.done;
  }
}

const opened = (image: MetadataImage, batch: StoredBatch): OpenedBatch => ({
  ...readable(named(batch), () => valuesOf(batch.bytes)),
  batch,
  done: 0,
  image,
});

/** The next records of a batch, at most so many. */
function advanced(from: OpenedBatch, recordsMax: number): OpenedBatch {
  const { batch, values, timestampMs } = from;
  const done = Math.min(values.length, from.done + recordsMax);
  const at = { endOffset: batch.lastOffset + 1, epoch: batch.epoch, timestampMs };
  const image = readable(named(batch), () => {
    const records = values.slice(from.done, done).map(decodeMetadataRecord);
    return applyRecords(from.image, records, at);
  });
  return { ...from, done, image };
}

const named = ({ baseOffset }: StoredBatch): string => `the committed batch at ${baseOffset}`;
