/**
 * When an object must run again. While it is in memory one timer stands for the earliest deadline of every
 * core; one alarm, always ahead, is the dead-man switch that brings back an object which was evicted with its
 * timers (after 70 to 140 s without an event, or at any moment).
 */

/** How far ahead the alarm stands. A quorum that lost every object at once is back within this. */
const ALARM_AHEAD_MS = 45_000;
/** It is pushed on only when it has come this near: an alarm that moves is a row written. */
const ALARM_RENEW_MS = 15_000;

export class Wake {
  readonly #storage: DurableObjectStorage;
  readonly #onDeadline: () => void;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #timerAt = Number.POSITIVE_INFINITY;
  #alarmAt = 0;

  constructor(storage: DurableObjectStorage, onDeadline: () => void) {
    this.#storage = storage;
    this.#onDeadline = onDeadline;
  }

  /** Stands the timer at `deadline` (milliseconds, may be infinite) and keeps the alarm ahead of `now`. */
  at(deadline: number, now: number): void {
    this.#renewAlarm(now);
    if (deadline === this.#timerAt) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#timerAt = deadline;
    if (deadline === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.#fire(), Math.max(0, deadline - now));
  }

  /** The alarm has fired and is spent: the next `at` stands a new one. */
  alarmFired(): void {
    this.#alarmAt = 0;
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#timerAt = Number.POSITIVE_INFINITY;
  }

  #fire(): void {
    this.#timer = null;
    this.#timerAt = Number.POSITIVE_INFINITY;
    this.#onDeadline();
  }

  // Never at or before now: an alarm re-armed for its own millisecond is lost (workerd#6866).
  #renewAlarm(now: number): void {
    if (this.#alarmAt - now > ALARM_RENEW_MS) return;
    this.#alarmAt = now + ALARM_AHEAD_MS;
    void this.#storage.setAlarm(this.#alarmAt);
  }
}
