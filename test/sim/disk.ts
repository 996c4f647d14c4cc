/**
 * The storage of one replica as a Durable Object has it, behind the ports that a controller writes through: a
 * transaction is visible to its writer at once and durable some time later, in order, all or nothing. What is lost by
 * a crash is exactly what was not yet durable. Storage outlives instances; a superseded instance can no longer write.
 *
 * It holds what the tables of `durable-objects/storage` hold, with the same answers to the same questions: a test
 * inside workerd puts both before the same random commands.
 */
import type { LogStore, QuorumStore, SnapshotStore } from "../../durable-objects/replica/ports.ts";
import type { ElectionState, Sleep, SnapshotId, StorageIdentity } from "../../src/raft/index.ts";
import { assert } from "../../src/std/assert.ts";
import { LogContents, logStoreOf, type LogWrite } from "./disk-log.ts";
import { SnapshotContents, snapshotStoreOf, type SnapshotWrite } from "./disk-snapshots.ts";

/** Some rows written or removed. */
export type Write =
  | { readonly kind: "election"; readonly election: ElectionState }
  | { readonly kind: "high-watermark"; readonly highWatermark: number }
  | { readonly kind: "joining"; readonly isJoining: boolean }
  /** Leaves nothing to be seen; but a superseded instance cannot do it. */
  | { readonly kind: "fence" }
  | { readonly kind: "sleep"; readonly sleep: Sleep | null }
  | { readonly kind: "alarm"; readonly atMs: number | null }
  | LogWrite
  | SnapshotWrite;

/** As many as a row of the tables holds. */
const CHUNK_BYTES_MAX = 1024 * 1024;

/** One version of the contents: what the writer sees, or what is durable. */
class Contents {
  /** Null of a storage that was wiped. */
  identity: StorageIdentity | null = null;
  election: ElectionState | null = null;
  highWatermark: number | null = null;
  isJoining = false;
  sleep: Sleep | null = null;
  alarmAtMs: number | null = null;
  readonly log = new LogContents();
  readonly snapshots: SnapshotContents;

  constructor(chunkBytesMax: number) {
    this.snapshots = new SnapshotContents(chunkBytesMax);
  }

  apply(write: Write): void {
    switch (write.kind) {
      case "election":
        this.election = write.election;
        return;
      case "high-watermark":
        this.highWatermark = write.highWatermark;
        return;
      case "joining":
        this.isJoining = write.isJoining;
        return;
      case "fence":
        return;
      case "sleep":
        this.sleep = write.sleep;
        return;
      case "alarm":
        this.alarmAtMs = write.atMs;
        return;
      case "append":
      case "truncate":
      case "epoch-start":
      case "log-start":
      case "log-restart":
      case "log-sweep":
        return this.log.apply(write);
      default:
        this.snapshots.apply(write);
    }
  }

  copyFrom(other: Contents): void {
    this.identity = other.identity;
    this.election = other.election;
    this.highWatermark = other.highWatermark;
    this.isJoining = other.isJoining;
    this.sleep = other.sleep;
    this.alarmAtMs = other.alarmAtMs;
    this.log.copyFrom(other.log);
    this.snapshots.copyFrom(other.snapshots);
  }
}

/** What is left of all that was ever written. */
interface Kept {
  readonly start: number;
  readonly end: number;
  readonly snapshots: readonly number[];
}

/** A copy of what was durable at some moment. */
export interface Backup {
  readonly contents: Contents;
}

export class Disk {
  readonly log: LogStore;
  readonly quorum: QuorumStore;
  readonly snapshots: SnapshotStore;
  readonly #chunkBytesMax: number;
  readonly #view: Contents;
  readonly #durable: Contents;
  /** Of the transaction under way. */
  #writes: Write[] | null = null;
  #pending: (readonly Write[])[] = [];
  /** Thrown at the end of the next transaction. */
  failNext: Error | null = null;

  /** With `isJoining`, of a node that was told to become a voter. */
  constructor(
    chunkBytesMax = CHUNK_BYTES_MAX,
    identity: StorageIdentity | null = null,
    isJoining = false,
  ) {
    this.#chunkBytesMax = chunkBytesMax;
    this.#view = new Contents(chunkBytesMax);
    this.#durable = new Contents(chunkBytesMax);
    this.#view.identity = identity;
    this.#durable.identity = identity;
    this.#view.isJoining = isJoining;
    this.#durable.isJoining = isJoining;
    const write = (one: Write): void => this.#write(one);
    this.log = logStoreOf(this.#view.log, write);
    this.snapshots = snapshotStoreOf(this.#view.snapshots, chunkBytesMax, write);
    this.quorum = {
      read: () => this.#view.election,
      write: (election) => write({ kind: "election", election }),
      highWatermark: () => this.#view.highWatermark,
      writeHighWatermark: (highWatermark) => write({ kind: "high-watermark", highWatermark }),
      isJoining: () => this.#view.isJoining,
      writeJoined: () => write({ kind: "joining", isJoining: false }),
      fence: () => write({ kind: "fence" }),
      // Boots are counted by who boots them.
      writeIncarnation: () => undefined,
      sleep: () => this.#view.sleep,
      writeSleep: (sleep) => write({ kind: "sleep", sleep }),
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
    return this.#durable.log.endOffset;
  }

  /** Where the log begins and ends and where its whole snapshots end, oldest first, as far as that is durable. */
  get durablyKept(): Kept {
    const { log, snapshots } = this.#durable;
    const ends = snapshots.whole.map(({ endOffset }) => endOffset);
    return { start: log.startOffset, end: log.endOffset, snapshots: ends };
  }

  /** Whether there are rows that nobody can read any more. */
  get hasGarbage(): boolean {
    return this.#view.log.hasGarbage || this.#view.snapshots.hasGarbage;
  }

  /**
   * Keeps what `write` writes whole, or nothing of it if it throws. False where it wrote nothing: nothing is to fail.
   */
  transaction(write: () => void): boolean {
    assert(this.#writes === null, "a transaction within a transaction");
    const writes: Write[] = [];
    this.#writes = writes;
    try {
      write();
      if (writes.length === 0) return false;
      if (this.failNext !== null) throw this.failNext;
      this.#pending.push(writes);
      return true;
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

  /** The bytes of a whole snapshot, as far as they are durable and whatever their checksums; null when it is gone. */
  durableSnapshot(id: SnapshotId): Uint8Array | null {
    return this.#durable.snapshots.bytesOf(id);
  }

  /** Changes a byte of the range that was stored last of a snapshot that is being fetched, if one is; true then. */
  changeFetched(at: number): boolean {
    const isFetching = this.#view.snapshots.has("fetched");
    if (isFetching) this.#write({ kind: "snapshot-change", at });
    return isFetching;
  }

  /** What the oldest transactions that are not yet durable, so many, do to snapshots or the start of the log. */
  changeWithin(transactions: number): "snapshot made" | "install" | "cut" | null {
    const kinds = new Set(
      this.#pending
        .slice(0, transactions)
        .flat()
        .map(({ kind }) => kind),
    );
    if (kinds.has("log-restart")) return "install";
    if (kinds.has("log-start")) return "cut";
    return kinds.has("snapshot-complete") ? "snapshot made" : null;
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

  /** The same contents, as far as they are durable, which from then on go their own way. */
  copy(): Disk {
    const copy = new Disk(this.#chunkBytesMax);
    copy.restore(this.backup());
    return copy;
  }

  backup(): Backup {
    const contents = new Contents(this.#chunkBytesMax);
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
    this.#durable.copyFrom(backup?.contents ?? new Contents(this.#chunkBytesMax));
    this.#view.copyFrom(this.#durable);
  }

  #write(write: Write): void {
    assert(this.#writes !== null, "a write outside of a transaction");
    this.#view.apply(write);
    this.#writes.push(write);
  }
}
