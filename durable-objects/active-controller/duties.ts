/**
 * The standing duties of an office: the metadata operations that come due by themselves while a controller leads.
 * When each is due is said here; what it writes is the operation's to say.
 */
import {
  balancePartitionLeaders,
  electUncleanLeaders,
  expireDelegationTokens,
  fenceStaleBrokers,
  hasContacts,
  isLeaseNear,
  leaseAlarmAt,
  markIdleLog,
  nextFencingDeadline,
  type BrokerLiveness,
} from "../../src/metadata/index.ts";
import type { ControllerSettings } from "../cluster-settings.ts";
import type { Operation, Outcome } from "./active-controller.ts";

/** What a duty says of its run; null when there is nothing to say. */
export type DutyReport = {
  /** It met the bound of one run: there may be more to do at once. */
  readonly isBounded: boolean;
  /** It came this late, in ms: the object or its machine stood still. */
  readonly stoodStillMs?: number;
} | null;
export type Duty = Operation<DutyReport>;

/**
 * A duty that met a defect, or was refused, would fare no better at once: it is still due, and is not run without end.
 * A rest is shorter than what `fenceStaleBrokers` takes for a standstill, or one refusal would begin every session
 * anew.
 */
const REST_MS = 250;

const NEVER = Number.POSITIVE_INFINITY;

/** A quorum that could not sleep for a passing reason is asked again after so long, in ms. */
const SLEEP_AGAIN_MS = 1_000;

/** The sweeps, in the order in which they run: whoever leads uncleanly may be preferred. */
const SWEEPS = [
  electUncleanLeaders.rule,
  balancePartitionLeaders.rule,
  expireDelegationTokens.rule,
] as const;
/** Which of them is over delegation tokens. */
const TOKEN_SWEEP = 2;

/** How often each sweep is due; infinite for one that never is. */
const sweepIntervals = (settings: ControllerSettings, hasTokens: boolean): readonly number[] => [
  settings["unclean.leader.election.interval.ms"],
  settings["auto.leader.rebalance.enable"]
    ? 1_000 * settings["leader.imbalance.check.interval.seconds"]
    : NEVER,
  hasTokens ? settings["delegation.token.expiry.check.interval.ms"] : NEVER,
];

/** The duties of one office, and when they are due. Times are milliseconds since the Unix epoch. */
export class Duties {
  #settings: ControllerSettings;
  /** Whether there are delegation tokens: without any, nothing wakes an office for them. */
  #hasTokens = false;
  /** When each of the sweeps is next due. */
  #sweepsAtMs: readonly number[];
  /** Nothing is due before; the past unless a duty has just failed. */
  #restUntilMs: number;
  /**
   * No session ends before. A heartbeat only puts off the end of its own session, so it leaves this as it is: the
   * timer may come early, and only then are all contacts looked at.
   */
  #fencingFromMs: number;
  /** When the log has been idle for long enough, unless something is written before; infinite while nobody reads it. */
  #idleAtMs: number;
  /** When some broker was heard from last. */
  #heardMs: number;
  /** When to ask whether the quorum may sleep; infinite where it is not to. */
  #sleepAtMs: number;

  constructor(liveness: BrokerLiveness, nowMs: number, settings: ControllerSettings) {
    this.#settings = settings;
    this.#sweepsAtMs = this.#intervals.map((intervalMs) => nowMs + intervalMs);
    this.#restUntilMs = nowMs;
    this.#fencingFromMs = nextFencingDeadline(liveness, this.#sessionMs);
    this.#idleAtMs = this.#idleAfter(liveness, nowMs);
    this.#heardMs = nowMs;
    this.#sleepAtMs = nowMs + this.quietMs;
  }

  /** For how long nothing must have happened before the quorum sleeps, in ms; infinite where it never does. */
  get quietMs(): number {
    const quietMs = this.#settings["controller.quorum.sleep.after.ms"];
    return quietMs > 0 ? quietMs : NEVER;
  }

  /** Whether it is time to ask whether the quorum may sleep. `writtenMs`: when the log was written to last. */
  isSleepDue(nowMs: number, writtenMs: number): boolean {
    if (nowMs < this.#sleepAtMs) return false;
    const quietAtMs = Math.min(writtenMs, nowMs) + this.quietMs;
    this.#sleepAtMs = Math.max(quietAtMs, nowMs + Math.min(this.quietMs, SLEEP_AGAIN_MS));
    return quietAtMs <= nowMs;
  }

  /** Every sweep that metadata alone can make due, and no passing of time: they are to find nothing before a sleep. */
  get sweepsBeforeSleep(): readonly Duty[] {
    return [electUncleanLeaders.rule, balancePartitionLeaders.rule];
  }

  /** When a log is idle that is written to at `writtenMs`: never where nobody is to know, or where none ever is. */
  #idleAfter(liveness: BrokerLiveness, writtenMs: number): number {
    const intervalMs = this.#settings["metadata.max.idle.interval.ms"];
    return intervalMs > 0 && hasContacts(liveness) ? writtenMs + intervalMs : NEVER;
  }

  get #sessionMs(): number {
    return this.#settings["broker.session.timeout.ms"];
  }

  get #intervals(): readonly number[] {
    return sweepIntervals(this.#settings, this.#hasTokens);
  }

  /** When to look for due duties again: nothing is due before. */
  get nextAtMs(): number {
    const dates = [this.#fencingFromMs, this.#idleAtMs, this.#sleepAtMs];
    return Math.max(this.#restUntilMs, Math.min(...this.#sweepsAtMs, ...dates));
  }

  /** The same while the quorum sleeps, when only what time brings is due: ends of sessions and of tokens. */
  nextAsleepAtMs(liveness: BrokerLiveness, nowMs: number): number {
    const tokensAtMs = this.#hasTokens ? (this.#sweepsAtMs[TOKEN_SWEEP] ?? NEVER) : NEVER;
    const leaseMs = this.#leaseAlarmAt(liveness, nowMs);
    return Math.max(this.#restUntilMs, Math.min(tokensAtMs, leaseMs, this.#idleAtMs));
  }

  #leaseAlarmAt(liveness: BrokerLiveness, nowMs: number): number {
    const timeoutMs = this.#sessionMs;
    if (isLeaseNear(this.#fencingFromMs, nowMs, timeoutMs))
      this.#fencingFromMs = nextFencingDeadline(liveness, timeoutMs);
    const leases = {
      deadlineMs: this.#fencingFromMs,
      heardMs: this.#heardMs,
      count: liveness.contacts.size,
    };
    return leaseAlarmAt(leases, { nowMs, timeoutMs });
  }

  /** Goes by other settings from `nowMs` on: a sweep whose interval is another is due one interval later. */
  changeSettings(settings: ControllerSettings, liveness: BrokerLiveness, nowMs: number): void {
    const before = this.#intervals;
    this.#settings = settings;
    this.#putOff(before, nowMs);
    this.#fencingFromMs = nextFencingDeadline(liveness, this.#sessionMs);
    this.#idleAtMs = this.#idleAfter(liveness, nowMs);
    this.#sleepAtMs = nowMs + this.quietMs;
  }

  /** The sweep over delegation tokens is due one interval after the first came, and never while there are none. */
  tokensChanged(hasTokens: boolean, nowMs: number): void {
    if (hasTokens === this.#hasTokens) return;
    const before = this.#intervals;
    this.#hasTokens = hasTokens;
    this.#putOff(before, nowMs);
  }

  #putOff(before: readonly number[], nowMs: number): void {
    this.#sweepsAtMs = this.#intervals.map((intervalMs, at) =>
      intervalMs === before[at] ? (this.#sweepsAtMs[at] ?? nowMs) : nowMs + intervalMs,
    );
  }

  /** A broker was heard from: others may be, soon. */
  heard(nowMs: number): void {
    this.#heardMs = nowMs;
  }

  /** An operation changed the contacts at `nowMs`: whatever session it began, or began anew, is not over before. */
  contactsChanged(liveness: BrokerLiveness, nowMs: number): void {
    this.#fencingFromMs = Math.min(this.#fencingFromMs, nowMs + this.#sessionMs + 1);
    if (this.#idleAtMs === NEVER) this.#idleAtMs = this.#idleAfter(liveness, nowMs);
  }

  /**
   * What is due at `nowMs`, to be run in this order; `ran` is told of each. `writtenMs`: when the log was written to
   * last.
   */
  takeDue(liveness: BrokerLiveness, nowMs: number, writtenMs: number): readonly Duty[] {
    if (nowMs < this.nextAtMs) return [];
    const due: Duty[] = [];
    if (this.#fencingFromMs <= nowMs)
      this.#fencingFromMs = nextFencingDeadline(liveness, this.#sessionMs);
    if (this.#fencingFromMs <= nowMs) due.push(fenceStaleBrokers.rule);
    const intervals = this.#intervals;
    due.push(...SWEEPS.filter((_, at) => (this.#sweepsAtMs[at] ?? 0) <= nowMs));
    this.#sweepsAtMs = this.#sweepsAtMs.map((atMs, at) =>
      atMs <= nowMs ? nowMs + (intervals[at] ?? 0) : atMs,
    );
    if (this.#isIdle(liveness, nowMs, writtenMs)) due.push(markIdleLog.rule);
    return due;
  }

  /** A clock that was ahead when the log was written to makes it no younger than it can be. */
  #isIdle(liveness: BrokerLiveness, nowMs: number, writtenMs: number): boolean {
    if (nowMs < this.#idleAtMs) return false;
    const sinceMs = this.#idleAfter(liveness, Math.min(writtenMs, nowMs));
    const isIdle = sinceMs <= nowMs;
    this.#idleAtMs = isIdle ? this.#idleAfter(liveness, nowMs) : sinceMs;
    return isIdle;
  }

  /** What became of a duty. True if that moved `nextAtMs`. */
  ran(duty: Duty, outcome: Outcome<DutyReport>, nowMs: number): boolean {
    switch (outcome.kind) {
      case "failed":
      case "refused":
        this.#restUntilMs = nowMs + REST_MS;
        return true;
      case "committed":
        if (outcome.response?.isBounded !== true) return false;
        this.#sweepsAtMs = this.#sweepsAtMs.map((atMs, at) =>
          SWEEPS[at] === duty ? Math.min(atMs, nowMs) : atMs,
        );
        return true;
      case "not-controller":
      case "abandoned":
      case "timed-out":
        return false;
    }
  }
}
