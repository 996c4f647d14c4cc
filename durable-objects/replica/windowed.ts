/**
 * Numbers over the recent past, as Kafka's metrics keep them: two windows of 30 seconds, of which the older one goes
 * when a new one begins (`metrics.sample.window.ms`, `metrics.num.samples`). Times are milliseconds of one clock.
 */
const WINDOW_MS = 30_000;

interface Window {
  readonly beganMs: number;
  count: number;
  sum: number;
  max: number;
}

const windowAt = (beganMs: number): Window => ({ beganMs, count: 0, sum: 0, max: 0 });

export class Windowed {
  #older: Window;
  #newer: Window;

  constructor(nowMs: number) {
    this.#older = windowAt(nowMs);
    this.#newer = windowAt(nowMs);
  }

  record(value: number, nowMs: number): void {
    this.#turn(nowMs);
    const { count, sum, max } = this.#newer;
    Object.assign(this.#newer, { count: count + 1, sum: sum + value, max: Math.max(max, value) });
  }

  /** Of what was recorded, per second. */
  rate(nowMs: number): number {
    this.#turn(nowMs);
    const seconds = Math.max(WINDOW_MS, nowMs - this.#older.beganMs) / 1_000;
    return (this.#older.sum + this.#newer.sum) / seconds;
  }

  /** NaN, as Kafka's, where nothing was recorded. */
  average(nowMs: number): number {
    this.#turn(nowMs);
    return (this.#older.sum + this.#newer.sum) / (this.#older.count + this.#newer.count);
  }

  /** The same. */
  max(nowMs: number): number {
    this.#turn(nowMs);
    const isEmpty = this.#older.count + this.#newer.count === 0;
    return isEmpty ? Number.NaN : Math.max(this.#older.max, this.#newer.max);
  }

  /** A clock that was set back begins anew. */
  #turn(nowMs: number): void {
    const sinceMs = nowMs - this.#newer.beganMs;
    if (sinceMs >= 0 && sinceMs < WINDOW_MS) return;
    this.#older = sinceMs >= 0 && sinceMs < 2 * WINDOW_MS ? this.#newer : windowAt(nowMs);
    this.#newer = windowAt(nowMs);
  }
}
