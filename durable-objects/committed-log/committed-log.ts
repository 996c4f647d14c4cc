/**
 * The part of the log that nothing can take back: how far it reaches, its batches as stored, the metadata replayed
 * from them, and waiting for more. It is told of commits and decides none.
 */
import type { MetadataImage } from "../../src/metadata/index.ts";
import type { LogStore, Timers } from "../replica/ports.ts";
import { joinBatches } from "../replica/stored-batch.ts";
import { CommittedImage } from "./committed-image.ts";

export class CommittedLog {
  readonly #log: LogStore;
  readonly #timers: Timers;
  readonly #image: CommittedImage;
  readonly #waiting = new Set<() => void>();
  #highWatermark: number | null = null;

  constructor({ log, timers }: { readonly log: LogStore; readonly timers: Timers }) {
    this.#log = log;
    this.#timers = timers;
    this.#image = new CommittedImage(log);
  }

  /** Null until this incarnation has learned one. */
  get highWatermark(): number | null {
    return this.#highWatermark;
  }

  /** Everything committed that this node knows of. */
  get image(): MetadataImage {
    return this.#image.image;
  }

  /** The offset after the last record that `image` reflects. */
  get imageEnd(): number {
    return this.#image.endOffset;
  }

  /** Everything below `highWatermark` is committed. `replayed` is its image where an active controller has one. */
  advance(highWatermark: number, replayed: MetadataImage | null): void {
    this.#highWatermark = highWatermark;
    if (replayed === null) this.#image.replayTo(highWatermark);
    else this.#image.adopt(replayed, highWatermark);
    for (const wake of this.#waiting) wake();
  }

  /** Committed batches as stored, whole, from the one that contains `from`, and where the last of them ends. */
  read(range: { readonly from: number; readonly maxBytes: number }): {
    readonly bytes: Uint8Array;
    readonly endOffset: number;
  } {
    const batches = this.#log.read({ ...range, upTo: this.#highWatermark ?? 0 });
    const last = batches.at(-1);
    return {
      bytes: joinBatches(batches),
      endOffset: last === undefined ? range.from : last.lastOffset + 1,
    };
  }

  /** Runs `then` at the next commit, or after `waitMs`. */
  nextCommit(waitMs: number, then: () => void): void {
    const done = (): void => {
      clearTimer();
      this.#waiting.delete(done);
      then();
    };
    const clearTimer = this.#timers.set(waitMs, done);
    this.#waiting.add(done);
  }
}
