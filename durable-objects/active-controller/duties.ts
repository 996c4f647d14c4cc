/**
 * The standing duties of an office: the metadata operations that come due by themselves while a controller leads.
 * When each is due is said here; what it writes is the operation's to say.
 */
import {
  DEFAULT_CONTROLLER_CONFIG,
  LEADER_BALANCE_INTERVAL_MS,
  balancePartitionLeaders,
  electUncleanLeaders,
  fenceStaleBrokers,
  nextFencingDeadline,
  type BrokerLiveness,
} from "../../src/metadata/index.ts";
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
 * A rest is shorter than what `fenceStaleBrokers` takes for a standstill, or one refusal would begin every session anew.
 */
const REST_MS = 250;

const { brokerSessionTimeoutMs } = DEFAULT_CONTROLLER_CONFIG;

/** The duties of one office, and when they are due. Times are milliseconds since the Unix epoch. */
export class Duties {
  /** When leaders are next looked over: unclean elections where allowed, then preferred leaders. */
  #balanceAtMs: number;
  /** Nothing is due before; the past unless a duty has just failed. */
  #restUntilMs: number;
  /**
   * No session ends before. A heartbeat only puts off the end of its own session, so it leaves this as it is: the
   * timer may come early, and only then are all contacts looked at.
   */
  #fencingFromMs: number;

  constructor(liveness: BrokerLiveness, nowMs: number) {
    this.#balanceAtMs = nowMs + LEADER_BALANCE_INTERVAL_MS;
    this.#restUntilMs = nowMs;
    this.#fencingFromMs = nextFencingDeadline(liveness, brokerSessionTimeoutMs);
  }

  /** When to look for due duties again: nothing is due before. */
  get nextAtMs(): number {
    return Math.max(this.#restUntilMs, Math.min(this.#balanceAtMs, this.#fencingFromMs));
  }

  /** An operation changed the contacts at `nowMs`: whatever session it began, or began anew, is not over before. */
  contactsChanged(nowMs: number): void {
    this.#fencingFromMs = Math.min(this.#fencingFromMs, nowMs + brokerSessionTimeoutMs + 1);
  }

  /** What is due at `nowMs`, to be run in this order; `ran` is told of each. */
  takeDue(liveness: BrokerLiveness, nowMs: number): readonly Duty[] {
    if (nowMs < this.nextAtMs) return [];
    const due: Duty[] = [];
    if (this.#fencingFromMs <= nowMs)
      this.#fencingFromMs = nextFencingDeadline(liveness, brokerSessionTimeoutMs);
    if (this.#fencingFromMs <= nowMs) due.push(fenceStaleBrokers.rule);
    if (this.#balanceAtMs <= nowMs) {
      due.push(electUncleanLeaders.rule, balancePartitionLeaders.rule);
      this.#balanceAtMs = nowMs + LEADER_BALANCE_INTERVAL_MS;
    }
    return due;
  }

  /** What became of a duty. True if that moved `nextAtMs`. */
  ran(outcome: Outcome<DutyReport>, nowMs: number): boolean {
    switch (outcome.kind) {
      case "failed":
      case "refused":
        this.#restUntilMs = nowMs + REST_MS;
        return true;
      case "committed":
        if (outcome.response?.isBounded !== true) return false;
        this.#balanceAtMs = nowMs;
        return true;
      case "not-controller":
      case "abandoned":
        return false;
    }
  }
}
