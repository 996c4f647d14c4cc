/**
 * A world for one controller in Node: its ports over memory, a clock that stands until it is moved, and timers that
 * run when it passes them. The controller is the product's own; what survives it is the disk.
 */
import { Controller } from "../../durable-objects/controller.ts";
import type {
  Operation,
  Outcome,
} from "../../durable-objects/active-controller/active-controller.ts";
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import { raftConfig } from "../../durable-objects/replica/raft-config.ts";
import type { Failure, LogStore, Ports } from "../../durable-objects/replica/ports.ts";
import type { StoredBatch } from "../../durable-objects/replica/stored-batch.ts";
import { INCARNATION_COUNT } from "../../src/raft/index.ts";
import type { ElectionState, EpochStart, LogRange } from "../../src/raft/index.ts";

export const VOTER = {
  node_id: 3000,
  directory_id: "JEXY6aqzQY-32P5TStzaFg",
  host: "localhost",
  port: 9093,
} as const;

/** A cluster of one voter. */
export const CLUSTER: ClusterEntry = {
  cluster_id: "AAAAAAAAAAAAAAAAAAAAA1",
  initial_voters: [VOTER],
  metadata_version: 25,
  created_ms: 0,
};

/** What is on the disk. A transaction that throws leaves it as it was. */
class Disk implements LogStore {
  readonly batchBytesMax = 1_000_000;
  /** How much of the log was read, ever: what was read stands for the CPU that it takes to replay it. */
  bytesRead = 0;
  #batches: readonly StoredBatch[] = [];
  #epochs: readonly EpochStart[] = [];
  #election: ElectionState | null = null;
  highWatermark: number | null = null;
  /** Thrown at the end of the next transaction. */
  fault: Error | null = null;

  transaction(write: () => void): void {
    const before = [this.#batches, this.#epochs, this.#election, this.highWatermark] as const;
    try {
      write();
      if (this.fault !== null) throw this.fault;
    } catch (error) {
      [this.#batches, this.#epochs, this.#election, this.highWatermark] = before;
      throw error;
    }
  }

  append(batch: StoredBatch): void {
    this.#batches = [...this.#batches, batch];
  }

  truncateTo(offset: number): void {
    this.#batches = this.#batches.filter((batch) => batch.baseOffset < offset);
    this.#epochs = this.#epochs.filter((start) => start.startOffset < offset);
  }

  writeEpochStart(start: EpochStart): void {
    if (this.#epochs.every(({ epoch }) => epoch !== start.epoch))
      this.#epochs = [...this.#epochs, start];
  }

  epochStarts(): readonly EpochStart[] {
    return this.#epochs;
  }

  epochAt(baseOffset: number): number | null {
    return this.#batches.find((batch) => batch.baseOffset === baseOffset)?.epoch ?? null;
  }

  startOffset(): number {
    return this.#batches[0]?.baseOffset ?? 0;
  }

  endOffset(): number {
    return (this.#batches.at(-1)?.lastOffset ?? -1) + 1;
  }

  controlBatches(): readonly StoredBatch[] {
    return this.#batches.filter((batch) => batch.control);
  }

  read({ from, upTo, maxBytes }: LogRange): readonly StoredBatch[] {
    const found: StoredBatch[] = [];
    let bytes = 0;
    for (let at = this.#indexOf(from); at < this.#batches.length; at += 1) {
      const batch = this.#batches[at];
      if (batch === undefined || batch.baseOffset >= upTo) break;
      bytes += batch.bytes.byteLength;
      if (found.length > 0 && bytes > maxBytes) break;
      found.push(batch);
    }
    this.bytesRead += bytes;
    return found;
  }

  /** Where the batch is that contains `offset`: in a long log it is looked for by halves. */
  #indexOf(offset: number): number {
    let [low, high] = [0, this.#batches.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#batches[middle]?.lastOffset ?? 0) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Puts batches at the end of the log at once, as a long life would have. */
  load(batches: readonly StoredBatch[]): void {
    this.#batches = [...this.#batches, ...batches];
    // A voter that comes back knows what was committed when it last stored something.
    this.highWatermark = (this.#batches.at(-1)?.lastOffset ?? -1) + 1;
  }

  /** Takes a batch out, as no code of ours would. */
  loseBatchAt(baseOffset: number): void {
    this.#batches = this.#batches.filter((batch) => batch.baseOffset !== baseOffset);
  }

  /** How many batches the log holds. */
  get batches(): number {
    return this.#batches.length;
  }

  election(): ElectionState | null {
    return this.#election;
  }

  write(election: ElectionState): void {
    this.#election = election;
  }
}

/** A timer, or the alarm. */
interface Event {
  readonly atMs: number;
  readonly run: () => void;
}

export class World {
  readonly disk = new Disk();
  readonly failures: Failure[] = [];
  readonly lines: string[] = [];
  alarmAtMs = Number.POSITIVE_INFINITY;
  alarmsFired = 0;
  /** The most of the log that one event has read since the last boot, in bytes. */
  longestEventBytes = 0;
  /** Called after each event. */
  afterEvent: () => void = () => undefined;
  nowMs = 1_000_000;
  /** Whether calls to peers hang; else they fail at once. */
  peersHang = false;
  /** How far the controller's clock lies behind. */
  clockBehindMs = 0;
  #timers: readonly Event[] = [];
  #controller: Controller | null = null;

  /** An incarnation of the node, as its object makes one; the deadline runs from now on. */
  boot(cluster: ClusterEntry = CLUSTER): Controller {
    const config = raftConfig(cluster, 3000);
    this.longestEventBytes = 0;
    const controller = this.#asEvent(() => {
      const booted = new Controller(
        { cluster, config, seed: 7, incarnation: INCARNATION_COUNT },
        this.#ports(),
      );
      booted.onDeadline();
      return booted;
    });
    this.#controller = controller;
    return controller;
  }

  /** Moves the clock on; every timer and alarm that comes due by then runs, in order. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms;
    await settled();
    for (;;) {
      const next = this.#nextEvent();
      if (next.atMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, next.atMs);
      this.#asEvent(() => next.run());
      this.afterEvent();
      // What was answered or stored by this event settles before the next one runs.
      // oxlint-disable-next-line no-await-in-loop -- events come one after the other
      await settled();
    }
    this.nowMs = untilMs;
  }

  #asEvent<Result>(run: () => Result): Result {
    const before = this.disk.bytesRead;
    const result = run();
    this.longestEventBytes = Math.max(this.longestEventBytes, this.disk.bytesRead - before);
    return result;
  }

  #nextEvent(): Event {
    const [timer] = this.#timers.toSorted((left, right) => left.atMs - right.atMs);
    if (timer === undefined || this.alarmAtMs < timer.atMs) {
      return { atMs: this.alarmAtMs, run: () => this.#fireAlarm() };
    }
    return {
      atMs: timer.atMs,
      run: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
        timer.run();
      },
    };
  }

  #fireAlarm(): void {
    this.alarmAtMs = Number.POSITIVE_INFINITY;
    this.alarmsFired += 1;
    this.#controller?.onAlarm();
  }

  /** A controller that has been elected and has opened its office. */
  async inOffice(cluster: ClusterEntry = CLUSTER): Promise<Controller> {
    const controller = this.boot(cluster);
    await this.pass(10_000);
    return controller;
  }

  /** Runs an operation; resolves with what became of it. */
  submit<Response>(
    controller: Controller,
    operation: Operation<Response>,
    apiVersion = 0,
  ): Promise<Outcome<Response>> {
    return new Promise((resolve) => controller.submit(operation, apiVersion, resolve));
  }

  #ports(): Ports {
    return {
      disk: {
        transaction: (write) => this.disk.transaction(write),
        whenDurable: (then) => void settled().then(then),
      },
      log: this.disk,
      quorum: {
        read: () => this.disk.election(),
        write: (election) => this.disk.write(election),
        highWatermark: () => this.disk.highWatermark,
        writeHighWatermark: (offset) => (this.disk.highWatermark = offset),
      },
      // The alarm goes by the same clock.
      alarm: { set: (atMs) => (this.alarmAtMs = atMs + this.clockBehindMs) },
      timers: {
        set: (delayMs, run) => {
          const timer: Event = { atMs: this.nowMs + delayMs, run };
          this.#timers = [...this.#timers, timer];
          return () => (this.#timers = this.#timers.filter((other) => other !== timer));
        },
      },
      peers: {
        ask: (_send, _signal, ended) => {
          if (this.peersHang) return;
          void settled().then(() => ended({ kind: "failed", failure: "reset" }));
        },
      },
      clock: () => this.nowMs - this.clockBehindMs,
      operatorLog: {
        warn: (line) => this.lines.push(line),
        error: (line) => this.lines.push(line),
      },
      abort: (failure) => this.failures.push(failure),
    };
  }
}

/** Everything that waits for nothing but other promises has run. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
