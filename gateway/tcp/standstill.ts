/**
 * Whether this process has stood still (LK-3): stopped by a signal, or on a machine that slept. What lies in the
 * kernel's buffers is then as old as that, and a heartbeat in it may be of a broker that is dead by now: passed on, it
 * could unfence who no longer exists. So every connection is closed unread. Brokers that live are back at once.
 */

const TICK_MS = 250;
/** A timer that is late by more: no garbage collection and no busy machine does that. */
const LATE_MS = 1_000;
/** Connections that were begun meanwhile have waited to be accepted, and come in one after the other. */
const AFTER_MS = 100;

export class Standstill {
  readonly #clock: () => number;
  readonly #timer: NodeJS.Timeout;
  readonly #ended: (lateMs: number) => void;
  #lookedAt: number;
  #endedAt = Number.NEGATIVE_INFINITY;

  /** `clock` goes on while the process does not, and never goes back. */
  constructor(ended: (lateMs: number) => void, clock: () => number = () => performance.now()) {
    this.#ended = ended;
    this.#clock = clock;
    this.#lookedAt = clock();
    this.#timer = setInterval(() => this.isOver(), TICK_MS).unref();
  }

  /**
   * Looks at the clock: true just after a standstill. Also to be asked before what has arrived is read, since sockets
   * may have their turn before timers do.
   */
  isOver(): boolean {
    const now = this.#clock();
    const lateMs = now - this.#lookedAt - TICK_MS;
    this.#lookedAt = now;
    if (lateMs > LATE_MS) {
      this.#endedAt = now;
      this.#ended(lateMs);
    }
    return now - this.#endedAt < AFTER_MS;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
