/**
 * What a controller needs from the world around it, as narrow interfaces: disk, log, alarm, timers, peers, clock.
 * In production a Durable Object stands behind them; everything that is built on them runs in Node as well, over a
 * disk and a network of a simulator's making.
 *
 * What comes later comes by a callback, never by a promise: a continuation of a promise runs when other events have
 * been delivered, or not, as the host likes, and a step of a simulated world could then not be a function call.
 * Promises begin outside, where a request of the platform waits for its answer.
 *
 * The adapters are elsewhere (`storage/`, `peers.ts`, `controller-node.ts`), and they alone know the platform's types.
 */
import type {
  Effect,
  ElectionState,
  EpochStart,
  Incarnation,
  Input,
  LogRange,
  RequestFailure,
  Response,
  Sleep,
  SnapshotId,
  SnapshotRange,
  Step,
  StoredSnapshot,
} from "../../src/raft/index.ts";
import type { OperatorLog } from "../operator-log.ts";
import type { FlightRecord } from "./flight-recorder.ts";
import type { StoredBatch } from "./stored-batch.ts";

/** Where the stores below keep what they keep. */
export interface Disk {
  /** Runs `write` and keeps what it wrote whole; if it throws, nothing of it is kept and the error comes out. */
  transaction(write: () => void): void;
  /** Runs `then`, later, when everything written so far is durable. */
  whenDurable(then: () => void): void;
}

/**
 * The Raft log: record batches in dense offsets from its start to its end, and the epoch cache beside them. What lies
 * below the start is not there any more, whoever asks; its rows go when they are swept. Writes belong in a transaction.
 */
export interface LogStore {
  /** The largest batch that it can hold, in bytes. */
  readonly batchBytesMax: number;
  append(batch: StoredBatch): void;
  /** Removes every batch at or above `offset`, which is the base of a batch or the end of the log. */
  truncateTo(offset: number): void;
  writeEpochStart(start: EpochStart): void;
  epochStarts(): readonly EpochStart[];
  /** The epoch of the batch that begins at `baseOffset`; null when none does. */
  epochAt(baseOffset: number): number | null;
  startOffset(): number;
  /** The offset after the last record: that of the start for an empty log. */
  endOffset(): number;
  /**
   * Bytes of all batches below `offset`, a batch boundary or the end, from an arbitrary fixed zero: differences count.
   */
  bytesBefore(offset: number): number;
  /** Whether a batch begins at `offset`, or the log ends there. */
  isBoundary(offset: number): boolean;
  /** Every control batch with a voter set, oldest first; others may be among them. */
  controlBatches(): readonly StoredBatch[];
  /** Whole batches of a range, oldest first; the first one comes whatever its size (KIP-74). */
  read(range: LogRange): readonly StoredBatch[];
  /**
   * Moves the start up to `offset`, a batch boundary. The epoch that reaches across it begins there from now on,
   * earlier ones go; none is left if the log is empty then.
   */
  moveStart(offset: number): void;
  /** Empties the log and its epochs: it begins and ends at `offset`, which is not below its start. */
  restartAt(offset: number): void;
  /** Removes at most `rowsMax` rows of what is not there any more; true when none is left. */
  sweep(rowsMax: number): boolean;
}

/**
 * A snapshot that is not whole yet: one that this voter makes, or one that it fetches from its leader. At most one
 * each.
 */
export type UnfinishedSnapshot = "made" | "fetched";

/** Snapshots as Kafka's checkpoint files (KIP-630), in checksummed chunks. Writes belong in a transaction. */
export interface SnapshotStore {
  /** The largest chunk, in bytes: what is appended in pieces of that size takes the fewest. */
  readonly chunkBytesMax: number;
  /** The largest snapshot that it can hold, in bytes: `SNAPSHOT_BYTES_MAX` of the core. More is not to be appended. */
  readonly snapshotBytesMax: number;
  /** The whole ones, oldest first. */
  list(): readonly StoredSnapshot[];
  /** Begins one; what was begun before of the same kind is dropped. */
  begin(kind: UnfinishedSnapshot, id: SnapshotId): void;
  /** Bytes that continue it, of any number: they are cut into chunks. */
  append(kind: UnfinishedSnapshot, bytes: Uint8Array): void;
  /** It is whole, and listed from now on. Asserts that `snapshot` is what was begun, and its size what was appended. */
  complete(kind: UnfinishedSnapshot, snapshot: StoredSnapshot): void;
  /** Drops what was begun, if anything was. */
  abandon(kind: UnfinishedSnapshot): void;
  /** Drops every whole one that ends below `offset`. */
  dropBelow(offset: number): void;
  /** Bytes of a whole one from `position` on, to the end of one chunk at most; null where the checksum is wrong. */
  read(range: SnapshotRange): Uint8Array | null;
  /** The same of one that is not whole yet; empty at its end. */
  readUnfinished(kind: UnfinishedSnapshot, position: number): Uint8Array | null;
  /** Removes at most `rowsMax` rows of what was dropped; true when none is left. */
  sweep(rowsMax: number): boolean;
}

/** What is stored of elections: Kafka's `quorum-state`. */
export interface QuorumStore {
  /** Null on a node that has never taken part in anything. */
  read(): ElectionState | null;
  write(election: ElectionState): void;
  /** What was known to be committed when something was last stored; null when nothing was known. */
  highWatermark(): number | null;
  writeHighWatermark(offset: number): void;
  /** Whether this node was told to become a voter, and has not been one since. */
  isJoining(): boolean;
  /** It is one now. */
  writeJoined(): void;
  /** Writes something, whatever it is: an instance that has been superseded cannot. */
  fence(): void;
  /** Which boot this is: stored before anything is said in its name, so that no other has its counter. */
  writeIncarnation(incarnation: Incarnation): void;
  /** The sleep that was written last; null when it was ended since, or there was none. */
  sleep(): Sleep | null;
  writeSleep(sleep: Sleep | null): void;
}

/** One alarm, which outlives the process. Setting it again moves it. */
export interface Alarm {
  set(atMs: number): void;
}

/** Timers that die with the process. */
export interface Timers {
  /** Runs `run` once after `delayMs`, unless what it returns is called before. */
  set(delayMs: number, run: () => void): () => void;
}

export type SendEffect = Extract<Effect, { kind: "send" }>;

/** The other controllers. Every call ends once, and never before `ask` has returned. */
export interface Peers {
  /**
   * The peer's answer, or what kind of failure it was when the peer is gone, refuses or cannot be understood; whether
   * it acted is then unknown. An aborted `signal` ends the call: its outcome is of no interest any more.
   */
  ask(send: SendEffect, signal: AbortSignal, ended: (outcome: CallOutcome) => void): void;
}

/** How a call came to its end. */
export type CallOutcome =
  | { readonly kind: "answered"; readonly body: Response }
  | { readonly kind: "failed"; readonly failure: RequestFailure };

/** Why a controller cannot go on. */
export interface Failure {
  readonly cause: unknown;
  /** The invariant that does not hold; null for anything that a restart may cure. */
  readonly tripped: string | null;
  /** What led to it; null where there was no replica yet. */
  readonly flightRecord: FlightRecord | null;
}

export interface Ports {
  readonly disk: Disk;
  readonly log: LogStore;
  readonly snapshots: SnapshotStore;
  readonly quorum: QuorumStore;
  readonly alarm: Alarm;
  readonly timers: Timers;
  readonly peers: Peers;
  /** Milliseconds since the Unix epoch. */
  readonly clock: () => number;
  readonly operatorLog: OperatorLog;
  /** Ends this incarnation: the controller has stopped and what it was must be dropped. */
  readonly abort: (failure: Failure) => void;
  /** Shown every step of the core before any of it is done; `input` is null for the boot. */
  readonly watch?: (input: Input | null, step: Step) => void;
}
