/**
 * The metadata as this node has replayed it so far: committed records only, in order, each exactly once in an
 * incarnation. A standby keeps it warm, and starts from it when it takes office.
 */
import { applyRecords, emptyImage, type MetadataImage } from "../../src/metadata/index.ts";
import { recordsOf } from "../replica/entries.ts";
import type { LogStore } from "../replica/ports.ts";

/** How much of the log is read at once: bounds the memory of a replay, not what it replays. */
const REPLAY_BYTES = 1_048_576;

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

  /** Replays up to the high watermark, a batch boundary. */
  replayTo(highWatermark: number): void {
    while (this.#endOffset < highWatermark) {
      const batches = this.#log.read({
        from: this.#endOffset,
        upTo: highWatermark,
        maxBytes: REPLAY_BYTES,
      });
      for (const batch of batches) {
        const endOffset = batch.lastOffset + 1;
        if (!batch.control) {
          const { records, timestampMs } = recordsOf(batch.bytes);
          this.#image = applyRecords(this.#image, records, {
            endOffset,
            epoch: batch.epoch,
            timestampMs,
          });
        }
        this.#endOffset = endOffset;
      }
      if (batches.length === 0)
        throw new Error(`the log has nothing at ${this.#endOffset} below ${highWatermark}`);
    }
  }

  /** Takes over what an active controller has replayed already, up to the high watermark. */
  adopt(image: MetadataImage, highWatermark: number): void {
    this.#image = image;
    this.#endOffset = highWatermark;
  }
}
