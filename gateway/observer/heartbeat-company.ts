/**
 * How long a broker's heartbeat waits for those of others, so that they leave in one message: a moment, and not at all
 * while only one broker beats here. It is the controller that answers each (LK-2).
 */

/** Brokers beat every 2 s; one that was silent for so long is served elsewhere, or dead. */
const RECENT_MS = 10_000;
const BROKERS_MAX = 10_000;

export class HeartbeatCompany {
  /** The moment, in ms. */
  readonly waitMs: number;
  readonly #clock: () => number;
  /** When each broker was heard last, the latest at the end. */
  readonly #heardAt = new Map<number, number>();

  constructor(waitMs: number, clock: () => number) {
    this.waitMs = waitMs;
    this.#clock = clock;
  }

  /** For how long, in ms, the heartbeat of that broker may wait. */
  waitOf(brokerId: number): number {
    const now = this.#clock();
    this.#heardAt.delete(brokerId);
    this.#heardAt.set(brokerId, now);
    for (const [id, at] of this.#heardAt) {
      if (now - at <= RECENT_MS && this.#heardAt.size <= BROKERS_MAX) break;
      this.#heardAt.delete(id);
    }
    return this.#heardAt.size > 1 ? this.waitMs : 0;
  }
}
