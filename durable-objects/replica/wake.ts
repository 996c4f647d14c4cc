/**
 * When an object must run again. While it is in memory one timer runs to the earliest deadline of every core; one
 * alarm, always ahead, is the dead-man switch that brings back an object which was evicted with its timers (after 70
 * to 140 s without an event, or at any moment).
 */
import type { Alarm, Timers } from "./ports.ts";

/** How far ahead the alarm is set. A quorum that lost every object at once is back within this. */
const ALARM_AHEAD_MS = 45_000;
/** It is pushed on only when it has come this near: an alarm that moves is a row written. */
const ALARM_RENEW_MS = 15_000;

export class Wake {
  readonly #alarm: Alarm;
  readonly #timers: Timers;
  readonly #onDeadline: () => void;
  #clearTimer: (() => void) | null = null;
  #timerAt = Number.POSITIVE_INFINITY;
  #alarmAt = 0;

  constructor(ports: { readonly alarm: Alarm; readonly timers: Timers }, onDeadline: () => void) {
    this.#alarm = ports.alarm;
    this.#timers = ports.timers;
    this.#onDeadline = onDeadline;
  }

  /** Arms the timer for `deadline` (milliseconds, may be infinite) and keeps the alarm ahead of `now`. */
  at(deadline: number, now: number): void {
    this.#renewAlarm(now);
    if (deadline === this.#timerAt) return;
    this.stop();
    if (deadline === Number.POSITIVE_INFINITY) return;
    this.#timerAt = deadline;
    this.#clearTimer = this.#timers.set(Math.max(0, deadline - now), () => this.#fire());
  }

  /** The alarm has fired and is spent: the next `at` sets it anew. */
  alarmFired(): void {
    this.#alarmAt = 0;
  }

  /** Disarms the timer. The alarm stays: it is the way back. */
  stop(): void {
    this.#clearTimer?.();
    this.#clearTimer = null;
    this.#timerAt = Number.POSITIVE_INFINITY;
  }

  #fire(): void {
    this.#clearTimer = null;
    this.#timerAt = Number.POSITIVE_INFINITY;
    this.#onDeadline();
  }

  // Never at or before now: an alarm set anew for its own millisecond is lost (workerd#6866).
  #renewAlarm(now: number): void {
    if (this.#alarmAt - now > ALARM_RENEW_MS) return;
    this.#alarmAt = now + ALARM_AHEAD_MS;
    this.#alarm.set(this.#alarmAt);
  }
}
