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
import type {
  Failure,
  LogStore,
  Ports,
  QuorumStore,
  SnapshotStore,
} from "../../durable-objects/replica/ports.ts";
import type { StoredBatch } from "../../durable-objects/replica/stored-batch.ts";
import { INCARNATION_COUNT } from "../../src/raft/index.ts";
import type { LogRange } from "../../src/raft/index.ts";
import { Disk } from "../sim/disk.ts";

export const VOTER = {
  node_id: 3000,
  directory_id: "JEXY6aqzQY-32P5TStzaFg",
  host: "localhost",
  port: 9093,
} as const;

/** A cluster of one voter, which stays awake: how one sleeps is told in `sleep.test.ts`. */
export const CLUSTER: ClusterEntry = {
  settings: { "controller.quorum.sleep.after.ms": 0 },
  cluster_id: "AAAAAAAAAAAAAAAAAAAAA1",
  initial_voters: [VOTER],
  metadata_version: 25,
  created_ms: 0,
};

/** The simulator's disk, on which everything is durable at once. A transaction that throws leaves it as it was. */
class WorldDisk {
  readonly log: LogStore;
  readonly snapshots: SnapshotStore;
  readonly quorum: QuorumStore;
  /** How much of the log was read, ever: what was read stands for the CPU that it takes to replay it. */
  bytesRead = 0;
  readonly #disk = new Disk();
  readonly #lost = new Set<number>();
  /** Thrown at the end of the next transaction. */
  fault: Error | null = null;

  constructor() {
    this.log = { ...this.#disk.log, read: (range) => this.#read(range) };
    this.snapshots = this.#disk.snapshots;
    this.quorum = this.#disk.quorum;
  }

  transaction(write: () => void): void {
    this.#disk.failNext = this.fault;
    this.#disk.transaction(write);
    this.#disk.flush();
  }

  #read(range: LogRange): readonly StoredBatch[] {
    const found = this.#disk.log
      .read(range)
      .filter(({ baseOffset }) => !this.#lost.has(baseOffset));
    for (const { bytes } of found) this.bytesRead += bytes.byteLength;
    return found;
  }

  endOffset(): number {
    return this.log.endOffset();
  }

  /** Puts batches at the end of the log at once, as a long life would have. */
  load(batches: readonly StoredBatch[]): void {
    this.transaction(() => {
      for (const batch of batches) this.log.append(batch);
      // A voter that comes back knows what was committed when it last stored something.
      this.quorum.writeHighWatermark(this.log.endOffset());
    });
  }

  /** Takes a batch out, as no code of ours would. */
  loseBatchAt(baseOffset: number): void {
    this.#lost.add(baseOffset);
  }

  /** How many batches the log holds. */
  get batches(): number {
    const range = { from: 0, upTo: this.log.endOffset(), maxBytes: Number.POSITIVE_INFINITY };
    return this.#disk.log.read(range).length;
  }
}

/** A timer, or the alarm. */
interface Event {
  readonly atMs: number;
  readonly run: () => void;
}

export class World {
  readonly disk = new WorldDisk();
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
        { cluster, config, seed: 7, incarnation: INCARNATION_COUNT, delegationTokenKey: null },
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

  /** What `answer` becomes within a moment: a read that must be current waits for one. */
  async inMoment<Answer>(answer: Promise<Answer>): Promise<Answer> {
    await this.pass(1);
    return await answer;
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
      log: this.disk.log,
      snapshots: this.disk.snapshots,
      quorum: this.disk.quorum,
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
        warn: (_event, line) => this.lines.push(line),
        error: (_event, line) => this.lines.push(line),
      },
      abort: (failure) => this.failures.push(failure),
    };
  }
}

/** Everything that waits for nothing but other promises has run. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
