/**
 * The metadata as this node has replayed it so far: committed records only, in order, each exactly once in an
 * incarnation. A standby keeps it warm, and starts from it when it takes office.
 *
 * A boot replays the log from its start, which may be long, so it goes in slices: one event replays one slice, and
 * between two of them the replica votes, fetches and answers.
 */
import { applyRecords, emptyImage, type MetadataImage } from "../../src/metadata/index.ts";
import { assert, AssertionError } from "../../src/std/assert.ts";
import { recordsOf } from "../replica/entries.ts";
import type { LogStore } from "../replica/ports.ts";
import type { StoredBatch } from "../replica/stored-batch.ts";

/** How much of the log is read at once. What a slice does not get to is read again by the next. */
const READ_BYTES = 65_536;
/**
 * What one slice may cost, in records; a batch costs as much as a few of them before its first. Counted and not timed:
 * in production the clock stands still while JavaScript runs. `npm run bench -- boot` shows what a slice takes: the
 * figures in its page are 5 to 25 ms, a third of the 50 ms that an event should not exceed.
 */
const SLICE_COST = 2_000;
const BATCH_COST = 4;

export class CommittedImage {
  readonly #log: LogStore;
  #image: MetadataImage = emptyImage;
  #endOffset = 0;

  constructor(log: LogStore) {
    this.#log = log;
  }

  get image(): MetadataImage {
    return this.#image;
  }

  /** The offset after the last replayed record. */
  get endOffset(): number {
    return this.#endOffset;
  }

  /** Replays one slice towards the high watermark, a batch boundary; true when it is reached. */
  replaySlice(highWatermark: number): boolean {
    let cost = 0;
    while (this.#endOffset < highWatermark) {
      const from = this.#endOffset;
      const batches = this.#log.read({ from, upTo: highWatermark, maxBytes: READ_BYTES });
      assert(batches.length > 0, `the log has nothing at ${from} below ${highWatermark}`);
      for (const batch of batches) {
        if (cost >= SLICE_COST) return false;
        this.#replay(batch);
        cost += BATCH_COST + batch.lastOffset - batch.baseOffset + 1;
      }
    }
    return true;
  }

  /** Takes over what an active controller has replayed already, up to the high watermark. */
  adopt(image: MetadataImage, highWatermark: number): void {
    this.#image = image;
    this.#endOffset = highWatermark;
  }

  // A hole in the rows must not be stepped over: every later offset would be right, and the image wrong (I-15).
  #replay(batch: StoredBatch): void {
    const { baseOffset, lastOffset } = batch;
    assert(
      baseOffset === this.#endOffset,
      `the log should go on at ${this.#endOffset}, and its next batch begins at ${baseOffset}`,
    );
    if (!batch.control) this.#image = imageAfter(this.#image, batch);
    this.#endOffset = lastOffset + 1;
  }
}

/** A committed record that cannot be read now cannot be read after a restart: the sentence is for an operator. */
function imageAfter(image: MetadataImage, batch: StoredBatch): MetadataImage {
  const { baseOffset, lastOffset, epoch, bytes } = batch;
  try {
    const { records, timestampMs } = recordsOf(bytes);
    return applyRecords(image, records, { endOffset: lastOffset + 1, epoch, timestampMs });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AssertionError(
      `this build cannot replay the committed batch at ${baseOffset}: ${reason}`,
      { cause },
    );
  }
}
