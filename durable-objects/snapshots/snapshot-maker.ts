/**
 * Makes snapshots of what is committed, one at a time: a slice an event, and between two of them the replica votes,
 * replicates and answers.
 *
 * The image that is written is immutable, and later ones share its memory until they change it. A storm of changes (a
 * broker with a million partitions is fenced) could so double what is held. The maker then lets go of what it has
 * written and begins again from the newest image after a pause. In the end it goes on all the same: a log that is never
 * cut is the worse end.
 */
import { unsharedChunks, type MetadataImage } from "../../src/metadata/index.ts";
import type { StoredSnapshot, VoterSet } from "../../src/raft/index.ts";
import type { Ports } from "../replica/ports.ts";
import { SnapshotWriting } from "./snapshot-writing.ts";

/**
 * What one slice takes. Counted and not timed: in production the clock stands still while JavaScript runs. A partition
 * takes 3 to 4 µs to encode, and every score of slices a batch of a mebibyte is put together and stored. A write is
 * some events one after the other, each of which waits for a slice: so they are short.
 */
const SLICE_RECORDS = 500;
/** The last attempt is not given up. */
const ATTEMPTS_MAX = 4;
/** Before the second attempt; twice as long before each further one. A storm of changes lasts some seconds. */
const PAUSE_MS = 5_000;

export interface MakerParts extends Pick<Ports, "disk" | "snapshots" | "timers" | "operatorLog"> {
  /**
   * The newest committed image, and the voters where it ends; null while there is nothing that a snapshot could be of.
   */
  readonly newest: () => { readonly image: MetadataImage; readonly voters: VoterSet } | null;
  /** How many chunks of the partition table a snapshot may keep in memory for itself alone. */
  readonly unsharedChunksMax: number;
  /** Every byte is stored. */
  readonly made: (snapshot: StoredSnapshot) => void;
  /** It has more bytes than can be stored: it was given up. */
  readonly tooLarge: () => void;
  /** What was stored of one is to be removed. */
  readonly dropped: () => void;
  readonly failed: (cause: unknown) => void;
}

export class SnapshotMaker {
  readonly #parts: MakerParts;
  #writing: SnapshotWriting | null = null;
  #attempt = 1;
  /** Takes back the event that goes on; null while no snapshot is being made. */
  #cancel: (() => void) | null = null;

  constructor(parts: MakerParts) {
    this.#parts = parts;
  }

  /** True from `begin` to the end, pauses included. */
  get isMaking(): boolean {
    return this.#cancel !== null;
  }

  /** Begins a snapshot of the newest image. */
  begin(): void {
    this.#attempt = 1;
    this.#start();
  }

  /** Gives up what is being made, if anything is: in a transaction of its own. */
  abandon(): void {
    if (this.#writing !== null) this.#drop();
    this.stop();
  }

  /** Ends without another write. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#writing = null;
  }

  #start(): void {
    const { disk, snapshots, newest } = this.#parts;
    const source = newest();
    // It came and went meanwhile: the next commit asks again.
    if (source === null) return this.stop();
    const writing = new SnapshotWriting(source.image, source.voters);
    disk.transaction(() => {
      snapshots.begin("made", writing.id);
      snapshots.append("made", writing.header());
    });
    this.#writing = writing;
    this.#in(0, () => this.#goOn(writing));
  }

  #goOn(writing: SnapshotWriting): void {
    if (this.#pinsTooMuch(writing)) return this.#beginAgain();
    const { disk, snapshots, made, tooLarge } = this.#parts;
    const { batches, isLast } = writing.slice(SLICE_RECORDS);
    if (writing.stored.size > snapshots.snapshotBytesMax) {
      this.abandon();
      return tooLarge();
    }
    if (batches.length > 0) {
      disk.transaction(() => {
        for (const bytes of batches) snapshots.append("made", bytes);
      });
    }
    if (!isLast) return this.#in(0, () => this.#goOn(writing));
    this.stop();
    made(writing.stored);
  }

  #pinsTooMuch({ image, id }: SnapshotWriting): boolean {
    const { newest, operatorLog, unsharedChunksMax: most } = this.#parts;
    if (this.#attempt > ATTEMPTS_MAX) return false;
    const live = newest()?.image ?? image;
    if (unsharedChunks(image, live, most) <= most) return false;
    if (this.#attempt < ATTEMPTS_MAX) return true;
    this.#attempt += 1;
    operatorLog.warn(
      "snapshot-grows",
      `the snapshot at ${id.endOffset} goes on although metadata changes fast: it takes more memory until it is done`,
    );
    return false;
  }

  #beginAgain(): void {
    this.#drop();
    this.#writing = null;
    this.#in(PAUSE_MS * 2 ** (this.#attempt - 1), () => this.#start());
    this.#attempt += 1;
  }

  #drop(): void {
    const { disk, snapshots, dropped } = this.#parts;
    disk.transaction(() => snapshots.abandon("made"));
    dropped();
  }

  #in(delayMs: number, run: () => void): void {
    this.#cancel = this.#parts.timers.set(delayMs, () => {
      try {
        run();
      } catch (cause) {
        this.stop();
        this.#parts.failed(cause);
      }
    });
  }
}
