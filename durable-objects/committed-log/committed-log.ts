/**
 * The part of the log that nothing can take back: how far it reaches, its batches as stored, the metadata replayed
 * from them, and waiting for more. It is told of commits and decides none.
 *
 * The image may lag behind the high watermark: what one event does not replay goes on in events of its own, each a
 * timer of 0 ms. The platform counts CPU by event (30 s, `limits.cpu_ms`), and delivers what has arrived between two of
 * them; a promise's continuation would be neither a new event nor a pause.
 */
import type { MetadataImage } from "../../src/metadata/index.ts";
import type { StoredSnapshot } from "../../src/raft/index.ts";
import type { LogStore, SnapshotStore, Timers } from "../replica/ports.ts";
import { joinBatches } from "../replica/stored-batch.ts";
import { CommittedImage } from "./committed-image.ts";

/** The controller, as it hears of a replay that goes on in events of its own. */
export interface CommittedLogListener {
  /** The image has come nearer to the high watermark, or has reached it. */
  replayed(): void;
  /** The replay cannot go on: an invariant does not hold, or storage failed. */
  failed(cause: unknown): void;
}

/** What it reads, and what it waits with. */
export interface CommittedLogPorts {
  readonly log: LogStore;
  readonly snapshots: SnapshotStore;
  readonly timers: Timers;
}

export class CommittedLog {
  readonly #ports: CommittedLogPorts;
  #image: CommittedImage;
  readonly #listener: CommittedLogListener;
  readonly #waiting = new Set<() => void>();
  #highWatermark: number | null = null;
  /** Takes back the event that goes on with the replay; null while none is to come. */
  #cancelReplay: (() => void) | null = null;
  #hasCaughtUp = false;

  constructor(ports: CommittedLogPorts, listener: CommittedLogListener) {
    this.#ports = ports;
    this.#listener = listener;
    this.#image = new CommittedImage(ports, ports.snapshots.list().at(-1) ?? null);
  }

  /** Null until this incarnation has learned one. */
  get highWatermark(): number | null {
    return this.#highWatermark;
  }

  /** What is replayed of it: all that is committed as far as this node knows, unless a replay is under way. */
  get image(): MetadataImage {
    return this.#image.image;
  }

  /** The offset after the last record that `image` reflects. */
  get imageEnd(): number {
    return this.#image.endOffset;
  }

  /** True once the image of this incarnation has reached what was committed then: before, it is of the past. */
  get hasCaughtUp(): boolean {
    return this.#hasCaughtUp;
  }

  /** Everything below `highWatermark` is committed. `replayed` is its image where an active controller has one. */
  advance(highWatermark: number, replayed: MetadataImage | null): void {
    this.#highWatermark = highWatermark;
    if (replayed !== null) this.#image.adopt(replayed, highWatermark);
    else if (this.#cancelReplay === null) this.#replaySlice(highWatermark);
    for (const wake of this.#waiting) wake();
  }

  /**
   * The log was replaced by a snapshot. The image goes at once: there is no room for two, and this one is of a past to
   * which nothing leads back. The next `advance` begins to load the other.
   */
  restart(snapshot: StoredSnapshot): void {
    this.stop();
    this.#hasCaughtUp = false;
    this.#image = new CommittedImage(this.#ports, snapshot);
  }

  /** Ends a replay that is under way. */
  stop(): void {
    this.#cancelReplay?.();
    this.#cancelReplay = null;
  }

  #replaySlice(highWatermark: number): void {
    if (this.#image.replaySlice(highWatermark)) this.#hasCaughtUp = true;
    else this.#cancelReplay = this.#ports.timers.set(0, () => this.#goOn());
  }

  #goOn(): void {
    this.#cancelReplay = null;
    try {
      this.#replaySlice(this.#highWatermark ?? 0);
      this.#listener.replayed();
    } catch (cause) {
      this.#listener.failed(cause);
    }
  }

  /** Committed batches as stored, whole, from the one that contains `from`, and where the last of them ends. */
  read(range: { readonly from: number; readonly maxBytes: number }): {
    readonly bytes: Uint8Array;
    readonly endOffset: number;
  } {
    const batches = this.#ports.log.read({ ...range, upTo: this.#highWatermark ?? 0 });
    const last = batches.at(-1);
    return {
      bytes: joinBatches(batches),
      endOffset: last === undefined ? range.from : last.lastOffset + 1,
    };
  }

  /**
   * Runs `then` at the next commit, or after `waitMs`, or when what is returned is called, which is when the caller
   * hangs up.
   */
  nextCommit(waitMs: number, then: () => void): () => void {
    const done = (): void => {
      clearTimer();
      if (this.#waiting.delete(done)) then();
    };
    const clearTimer = this.#ports.timers.set(waitMs, done);
    this.#waiting.add(done);
    return done;
  }
}
