/**
 * What happens in one object, as the platform would bill it: the events that reach it, the rows that it reads and
 * writes, and for how long it is awake, which is while a timer is pending, a request is open or a call of its own is
 * under way. It measures itself by the clock that it is given and knows nothing of objects.
 */

/** Since the meter began. */
export interface Reading {
  /** Calls and requests, an upgrade among them. */
  readonly requests: number;
  /** That came over WebSockets. */
  readonly messages: number;
  readonly alarms: number;
  readonly alarmsSet: number;
  readonly rowsRead: number;
  readonly rowsWritten: number;
  readonly awakeMs: number;
  /** The same, if an object is billed until it may hibernate, 10 s after it fell silent. */
  readonly lingeringMs: number;
}

export type Counted = Exclude<keyof Reading, "awakeMs" | "lingeringMs">;

/** After so long without anything the platform may let an object hibernate. */
const LINGER_MS = 10_000;

export class Meter {
  readonly #clock: () => number;
  readonly #counts: Record<Counted, number> = {
    requests: 0,
    messages: 0,
    alarms: 0,
    alarmsSet: 0,
    rowsRead: 0,
    rowsWritten: 0,
  };
  /** What keeps it awake: timers, requests and calls. */
  #holding = 0;
  #since: number;
  #awakeMs = 0;
  #silentMs = 0;

  constructor(clock: () => number) {
    this.#clock = clock;
    this.#since = clock() - LINGER_MS;
  }

  count(what: Counted, by = 1): void {
    this.#counts[what] += by;
  }

  /** It is awake until what is returned is called, once or more often. */
  hold(): () => void {
    if (this.#holding === 0) {
      this.#silentMs += this.#lingering();
      this.#since = this.#clock();
    }
    this.#holding += 1;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#holding -= 1;
      if (this.#holding > 0) return;
      const now = this.#clock();
      this.#awakeMs += now - this.#since;
      this.#since = now;
    };
  }

  read(): Reading {
    const awakeMs = this.#awakeMs + (this.#holding > 0 ? this.#clock() - this.#since : 0);
    const silentMs = this.#silentMs + (this.#holding > 0 ? 0 : this.#lingering());
    return { ...this.#counts, awakeMs, lingeringMs: awakeMs + silentMs };
  }

  /** Of the time since it fell silent, what counts until it hibernates. */
  #lingering(): number {
    return Math.min(LINGER_MS, this.#clock() - this.#since);
  }
}
