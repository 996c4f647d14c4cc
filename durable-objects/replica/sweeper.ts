/**
 * Removes what the stores no longer show: rows of the log below its start, and of snapshots that were dropped. However
 * many there are, each event removes a bounded number in a transaction of its own, and others come in between.
 */
import type { LogSummary } from "../../src/raft/index.ts";
import type { Ports } from "./ports.ts";

/** Of each store in one event. Measured with rows of 200 bytes, it takes 11 ms at most. */
const ROWS_MAX = 1_000;

export class Sweeper {
  readonly #ports: Pick<Ports, "disk" | "log" | "snapshots" | "timers">;
  readonly #failed: (cause: unknown) => void;
  /** Takes back the event that goes on; null while none is to come. */
  #cancel: (() => void) | null = null;
  /** The log as it was when it was looked at last. */
  #log: LogSummary | null = null;
  #isStopped = false;

  /** `failed` hears why it could not go on: storage has refused. */
  constructor(
    ports: Pick<Ports, "disk" | "log" | "snapshots" | "timers">,
    failed: (cause: unknown) => void,
  ) {
    this.#ports = ports;
    this.#failed = failed;
  }

  /** The log is this one now: if it was cut, or its snapshots are others, there may be something to remove. */
  follow(log: LogSummary): void {
    const before = this.#log;
    this.#log = log;
    const isAsItWas = before?.startOffset === log.startOffset && before.snapshots === log.snapshots;
    if (!isAsItWas) this.sweep();
  }

  /** Something may have been dropped. Begins in an event of its own, unless it is at it. */
  sweep(): void {
    if (!this.#isStopped) this.#cancel ??= this.#ports.timers.set(0, () => this.#sweepSlice());
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
    this.#cancel = null;
  }

  #sweepSlice(): void {
    this.#cancel = null;
    const { disk, log, snapshots } = this.#ports;
    let isClean = false;
    try {
      disk.transaction(() => {
        isClean = log.sweep(ROWS_MAX) && snapshots.sweep(ROWS_MAX);
      });
    } catch (cause) {
      return this.#failed(cause);
    }
    if (!isClean) this.sweep();
  }
}
