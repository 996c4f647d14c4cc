/**
 * When an object must run again. While it is in memory one timer runs to the earliest deadline, in the core's own time:
 * a clock that is set back must not make it wait once more for what is due when it was (T-7). One alarm
 * fires every 45 s for as long as the object takes part, and does two things. It brings back an object that was evicted
 * with its timers. And it keeps a follower in memory: an object is dropped 70 to 140 s after the last event that came
 * in from outside, its own timers and outward calls do not count, and nobody else calls a follower of a quiet quorum.
 *
 * A quorum that sleeps wants neither: no timer runs, and the alarm is set for what is due in hours, or in seconds when a
 * broker's session is about to end (SL-5, SL-7).
 */
import type { Alarm, Timers } from "./ports.ts";

/** How far ahead the alarm is set. A quorum that lost every object at once is back within this. */
const ALARM_AHEAD_MS = 45_000;
/** An alarm this late may be lost (workerd#6866): it is set anew, for a moment that differs from its old one. */
const ALARM_LATE_MS = 5_000;
const ALARM_AGAIN_MS = 1_000;
/** While nothing is due an object that sleeps is woken once a day, lest its alarm be lost for good. */
const ASLEEP_MS_MAX = 86_400_000;

/** Two readings of one moment: of the core's own time, and of the clock. */
interface Reading {
  readonly now: number;
  readonly clock: number;
}

export class Wake {
  readonly #alarm: Alarm;
  readonly #timers: Timers;
  readonly #onDeadline: (dueAt: number) => void;
  #clearTimer: (() => void) | null = null;
  #timerAt = Number.POSITIVE_INFINITY;
  /** Null when none is armed by this incarnation. */
  #alarmAt: number | null = null;
  #isAsleep = false;
  /** Whether this incarnation has set an alarm, or seen one: until then, that of an earlier one may be set still. */
  #knowsAlarm = false;

  constructor(
    ports: { readonly alarm: Alarm; readonly timers: Timers },
    onDeadline: (dueAt: number) => void,
  ) {
    this.#alarm = ports.alarm;
    this.#timers = ports.timers;
    this.#onDeadline = onDeadline;
  }

  /**
   * Arms the timer for `deadline` (core's own time, may be infinite), and the alarm, by the clock, if it has fired.
   * `asleepUntil`: when an alarm is wanted by one that sleeps, by the clock (may be infinite); null for one that is awake.
   */
  at(
    deadline: number,
    { now, clock, asleepUntil = null }: Reading & { readonly asleepUntil?: number | null },
  ): void {
    if ((asleepUntil !== null) !== this.#isAsleep) this.#alarmAt = null;
    if (asleepUntil === null) this.#armAlarm(clock);
    else this.#armAlarmAsleep(asleepUntil, clock);
    this.#isAsleep = asleepUntil !== null;
    if (deadline === this.#timerAt) return;
    this.stop();
    if (deadline === Number.POSITIVE_INFINITY) return;
    this.#timerAt = deadline;
    this.#clearTimer = this.#timers.set(Math.max(0, deadline - now), () => this.#fire(deadline));
  }

  /** The alarm has fired and is spent: the next `at` sets it anew. */
  alarmFired(): void {
    this.#alarmAt = null;
    this.#knowsAlarm = true;
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

  // One that is set for an earlier moment comes for nothing, once. To move it with each heartbeat would be a row each.
  #armAlarmAsleep(until: number, now: number): void {
    const atMs = Math.max(now + 1, Math.min(until, now + ASLEEP_MS_MAX));
    const armed = this.#alarmAt;
    if (armed !== null && armed <= atMs && now < armed + ALARM_LATE_MS) return;
    // Booted asleep, for a question: what was set when it fell asleep stands, and is for the same or earlier.
    if (!this.#knowsAlarm && until > now + ALARM_AHEAD_MS) return;
    this.#setAlarm(atMs);
  }

  // An alarm that is ahead is left to fire: pushed on, it never would. Never set at or before now: an alarm set anew
  // for its own millisecond is lost (workerd#6866).
  #armAlarm(now: number): void {
    const armed = this.#alarmAt;
    if (armed !== null && now < armed + ALARM_LATE_MS) return;
    this.#setAlarm(now + (armed === null ? ALARM_AHEAD_MS : ALARM_AGAIN_MS));
  }

  #setAlarm(atMs: number): void {
    this.#alarmAt = atMs;
    this.#knowsAlarm = true;
    this.#alarm.set(atMs);
  }
}
