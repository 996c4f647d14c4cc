/**
 * When an object must run again. While it is in memory one timer runs to the earliest deadline, in the core's own time:
 * a clock that is set back must not make it wait once more for what is due when it was (T-7). One alarm
 * fires every 45 s for as long as the object takes part, and does two things. It brings back an object that was evicted
 * with its timers. And it keeps a follower in memory: an object is dropped 70 to 140 s after the last event that came
 * in from outside, its own timers and outward calls do not count, and nobody else calls a follower of a quiet quorum.
 */
import type { Alarm, Timers } from "./ports.ts";

/** How far ahead the alarm is set. A quorum that lost every object at once is back within this. */
const ALARM_AHEAD_MS = 45_000;
/** An alarm this late may be lost (workerd#6866): it is set anew, for a moment that differs from its old one. */
const ALARM_LATE_MS = 5_000;
const ALARM_AGAIN_MS = 1_000;

export class Wake {
  readonly #alarm: Alarm;
  readonly #timers: Timers;
  readonly #onDeadline: (dueAt: number) => void;
  #clearTimer: (() => void) | null = null;
  #timerAt = Number.POSITIVE_INFINITY;
  /** Null when none is armed by this incarnation. */
  #alarmAt: number | null = null;

  constructor(
    ports: { readonly alarm: Alarm; readonly timers: Timers },
    onDeadline: (dueAt: number) => void,
  ) {
    this.#alarm = ports.alarm;
    this.#timers = ports.timers;
    this.#onDeadline = onDeadline;
  }

  /** Arms the timer for `deadline` (core's own time, may be infinite), and the alarm, by the clock, if it has fired. */
  at(deadline: number, { now, clock }: { readonly now: number; readonly clock: number }): void {
    this.#armAlarm(clock);
    if (deadline === this.#timerAt) return;
    this.stop();
    if (deadline === Number.POSITIVE_INFINITY) return;
    this.#timerAt = deadline;
    this.#clearTimer = this.#timers.set(Math.max(0, deadline - now), () => this.#fire(deadline));
  }

  /** The alarm has fired and is spent: the next `at` sets it anew. */
  alarmFired(): void {
    this.#alarmAt = null;
  }

  /** Disarms the timer. The alarm stays: it is the way back. */
  stop(): void {
    this.#clearTimer?.();
    this.#clearTimer = null;
    this.#timerAt = Number.POSITIVE_INFINITY;
  }

  // The event of a timer may be on its way already when another takes its place; what it proves is its own time alone.
  #fire(deadline: number): void {
    if (deadline !== this.#timerAt) return;
    this.#clearTimer = null;
    this.#timerAt = Number.POSITIVE_INFINITY;
    this.#onDeadline(deadline);
  }

  // An alarm that is ahead is left to fire: pushed on, it never would. Never set at or before now: an alarm set anew
  // for its own millisecond is lost (workerd#6866).
  #armAlarm(now: number): void {
    const armed = this.#alarmAt;
    if (armed !== null && now < armed + ALARM_LATE_MS) return;
    this.#alarmAt = now + (armed === null ? ALARM_AHEAD_MS : ALARM_AGAIN_MS);
    this.#alarm.set(this.#alarmAt);
  }
}
