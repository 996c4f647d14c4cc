/**
 * The storage of one replica as a Durable Object has it, behind the ports that a controller writes through: a
 * transaction is visible to its writer at once and durable some time later, in order, all or nothing. What is lost by
 * a crash is exactly what was not yet durable. Storage outlives instances; a superseded instance can no longer write.
 *
 * It holds what the tables of `durable-objects/storage` hold, with the same answers to the same questions: a test
 * inside workerd puts both before the same random commands.
 */
import type { LogStore, QuorumStore } from "../../durable-objects/replica/ports.ts";
import type { StoredBatch } from "../../durable-objects/replica/stored-batch.ts";
import type { ElectionState, EpochStart, LogRange, StorageIdentity } from "../../src/raft/index.ts";
import { assert } from "../../src/std/assert.ts";

/** One row written or some rows removed. */
export type Write =
  | { readonly kind: "election"; readonly election: ElectionState }
  | { readonly kind: "high-watermark"; readonly highWatermark: number }
  | { readonly kind: "append"; readonly batch: StoredBatch }
  | { readonly kind: "truncate"; readonly offset: number }
  | { readonly kind: "epoch-start"; readonly start: EpochStart }
  | { readonly kind: "alarm"; readonly atMs: number | null };

/** One version of the contents: what the writer sees, or what is durable. */
class Contents {
  /** Null of a storage that was wiped. */
  identity: StorageIdentity | null = null;
  election: ElectionState | null = null;
  highWatermark: number | null = null;
  alarmAtMs: number | null = null;
  /** Rising and without gaps. */
  batches: StoredBatch[] = [];
  /** By rising epoch. */
  epochs: EpochStart[] = [];

  apply(write: Write): void {
    switch (write.kind) {
      case "election":
        this.election = write.election;
        return;
      case "high-watermark":
        this.highWatermark = write.highWatermark;
        return;
      case "alarm":
        this.alarmAtMs = write.atMs;
        return;
      case "append":
        this.#append(write.batch);
        return;
      case "truncate":
        while ((this.batches.at(-1)?.baseOffset ?? -1) >= write.offset) this.batches.pop();
        this.epochs = this.epochs.filter(({ startOffset }) => startOffset < write.offset);
        return;
      case "epoch-start":
        this.#startEpoch(write.start);
    }
  }

  copyFrom(other: Contents): void {
    this.identity = other.identity;
    this.election = other.election;
    this.highWatermark = other.highWatermark;
    this.alarmAtMs = other.alarmAtMs;
    this.batches = [...other.batches];
    this.epochs = [...other.epochs];
  }

  // Where a table would hold two rows of one key, or the log a gap.
  #append(batch: StoredBatch): void {
    const end = (this.batches.at(-1)?.lastOffset ?? batch.baseOffset - 1) + 1;
    assert(batch.baseOffset === end, `a batch at ${batch.baseOffset} in a log that ends at ${end}`);
    this.batches.push(batch);
  }

  #startEpoch(start: EpochStart): void {
    const last = this.epochs.at(-1);
    if (last === undefined || last.epoch < start.epoch) this.epochs.push(start);
    else if (this.epochs.every(({ epoch }) => epoch !== start.epoch)) {
      this.epochs = [...this.epochs, start].toSorted((one, other) => one.epoch - other.epoch);
    }
  }

  /** The index of the first batch that reaches to or above `offset`. */
  indexOf(offset: number): number {
    let low = 0;
    let high = this.batches.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.batches[middle]?.lastOffset ?? offset) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** A copy of what was durable at some moment. */
export interface Backup {
  readonly contents: Contents;
}

export class Disk {
  readonly log: LogStore;
  readonly quorum: QuorumStore;
  readonly #view = new Contents();
  readonly #durable = new Contents();
  /** Of the transaction under way. */
  #writes: Write[] | null = null;
  #pending: (readonly Write[])[] = [];
  /** Thrown at the end of the next transaction. */
  failNext: Error | null = null;

  constructor(identity: StorageIdentity | null = null) {
    this.#view.identity = identity;
    this.#durable.identity = identity;
    const write = (one: Write): void => this.#write(one);
    this.log = logStoreOf(this.#view, write);
    this.quorum = {
      read: () => this.#view.election,
      write: (election) => write({ kind: "election", election }),
      highWatermark: () => this.#view.highWatermark,
      writeHighWatermark: (highWatermark) => write({ kind: "high-watermark", highWatermark }),
    };
  }

  /** Which storage this is; null when it was wiped. */
  get identity(): StorageIdentity | null {
    return this.#durable.identity;
  }

  /** When the alarm is set for, as far as it is durable; null when it is not set. */
  get alarmAtMs(): number | null {
    return this.#durable.alarmAtMs;
  }

  /** The end of the log as the writer sees it. */
  get end(): number {
    return this.log.endOffset();
  }

  get durableEnd(): number {
    return (this.#durable.batches.at(-1)?.lastOffset ?? -1) + 1;
  }

  /** Keeps what `write` writes whole, or nothing of it if it throws. */
  transaction(write: () => void): void {
    assert(this.#writes === null, "a transaction within a transaction");
    this.#writes = [];
    try {
      write();
      if (this.failNext !== null) throw this.failNext;
      this.#pending.push(this.#writes);
    } catch (cause) {
      this.#view.copyFrom(this.#durable);
      for (const one of this.#pending.flat()) this.#view.apply(one);
      throw cause;
    } finally {
      this.failNext = null;
      this.#writes = null;
    }
  }

  setAlarm(atMs: number | null): void {
    this.transaction(() => this.#write({ kind: "alarm", atMs }));
  }

  /** Makes the oldest transaction that is not yet durable durable, and returns it. */
  flush(): readonly Write[] | undefined {
    const oldest = this.#pending.shift();
    for (const write of oldest ?? []) this.#durable.apply(write);
    return oldest;
  }

  /** Forgets what was not durable. */
  crash(): void {
    if (this.#pending.length === 0) return;
    this.#pending = [];
    this.#view.copyFrom(this.#durable);
  }

  backup(): Backup {
    const contents = new Contents();
    contents.copyFrom(this.#durable);
    return { contents };
  }

  /** Whether epoch, vote and leader are still those of `backup`. */
  agreesOnElection({ contents }: Backup): boolean {
    return this.#pending.length === 0 && this.#durable.election === contents.election;
  }

  /** The storage is what it was at the time of `backup`; with null it is empty. */
  restore(backup: Backup | null): void {
    this.#pending = [];
    this.#durable.copyFrom(backup?.contents ?? new Contents());
    this.#view.copyFrom(this.#durable);
  }

  #write(write: Write): void {
    assert(this.#writes !== null, "a write outside of a transaction");
    this.#view.apply(write);
    this.#writes.push(write);
  }
}

function logStoreOf(contents: Contents, write: (one: Write) => void): LogStore {
  return {
    batchBytesMax: 1_000_000,
    append: (batch) => write({ kind: "append", batch }),
    truncateTo: (offset) => write({ kind: "truncate", offset }),
    writeEpochStart: (start) => write({ kind: "epoch-start", start }),
    epochStarts: () => [...contents.epochs],
    epochAt(baseOffset) {
      const batch = contents.batches[contents.indexOf(baseOffset)];
      return batch?.baseOffset === baseOffset ? batch.epoch : null;
    },
    startOffset: () => contents.batches[0]?.baseOffset ?? 0,
    endOffset: () => (contents.batches.at(-1)?.lastOffset ?? -1) + 1,
    controlBatches: () => contents.batches.filter(({ control }) => control),
    read: (range) => readFrom(contents, range),
  };
}

function readFrom(contents: Contents, { from, upTo, maxBytes }: LogRange): readonly StoredBatch[] {
  const read: StoredBatch[] = [];
  let bytes = 0;
  for (let at = contents.indexOf(from); at < contents.batches.length; at += 1) {
    const batch = contents.batches[at];
    if (batch === undefined || batch.baseOffset >= upTo) break;
    bytes += batch.bytes.byteLength;
    if (read.length > 0 && bytes > maxBytes) break;
    read.push(batch);
  }
  return read;
}
