/**
 * How long a broker's heartbeat waits for those of others, so that they leave in one message: a moment, and not at all
 * while only one broker beats here. It is the controller that answers each (LK-2).
 *
 * Only what a broker says again, at its interval, may wait. A broker that has something new to say, or comes before its
 * interval is over (Kafka's `scheduleNextCommunicationImmediately`), wants an answer: it starts, or it stops. But
 * anybody may call himself one, in a loop: beyond what so many brokers do at a time, such heartbeats wait like others.
 */
import type { BrokerHeartbeatRequest } from "../../src/protocol/index.ts";

/** Brokers beat every 2 s; one that was silent for so long is served elsewhere, or dead. */
const RECENT_MS = 10_000;
/** A quarter of Kafka's `broker.heartbeat.interval.ms`. */
const EARLY_MS = 500;
const BROKERS_MAX = 10_000;
/** Heartbeats that do not wait: as many at once as a large cluster starts with, and so many a second from there on. */
const AT_ONCE_MAX = 500;
const AT_ONCE_PER_SECOND = 20;

interface Heard {
  readonly at: number;
  readonly said: string;
}

export class HeartbeatCompany {
  /** The moment, in ms. */
  readonly waitMs: number;
  readonly #clock: () => number;
  /** What each broker said last, and when; the latest at the end. */
  readonly #heard = new Map<number, Heard>();
  #atOnce = AT_ONCE_MAX;
  #refilledAt: number;

  constructor(waitMs: number, clock: () => number) {
    this.waitMs = waitMs;
    this.#clock = clock;
    this.#refilledAt = clock();
  }

  /** For how long, in ms, that heartbeat may wait. */
  waitOf(beat: BrokerHeartbeatRequest): number {
    const now = this.#clock();
    const before = this.#heard.get(beat.brokerId);
    const said = newsOf(beat);
    this.#heard.delete(beat.brokerId);
    this.#heard.set(beat.brokerId, { at: now, said });
    for (const [id, { at }] of this.#heard) {
      if (now - at <= RECENT_MS && this.#heard.size <= BROKERS_MAX) break;
      this.#heard.delete(id);
    }
    const isUsual = !beat.wantFence && !beat.wantShutDown && before?.said === said;
    if (!isUsual || now - before.at < EARLY_MS) return this.#mayGoAtOnce(now) ? 0 : this.waitMs;
    return this.#heard.size > 1 ? this.waitMs : 0;
  }

  #mayGoAtOnce(now: number): boolean {
    const refill = ((now - this.#refilledAt) / 1_000) * AT_ONCE_PER_SECOND;
    this.#atOnce = Math.min(AT_ONCE_MAX, this.#atOnce + refill);
    this.#refilledAt = now;
    if (this.#atOnce < 1) return false;
    this.#atOnce -= 1;
    return true;
  }
}

/** What is not the same in every heartbeat of a broker that runs, but for how far it has read. */
function newsOf({ brokerEpoch, wantFence, wantShutDown, ...dirs }: BrokerHeartbeatRequest): string {
  return [
    brokerEpoch,
    wantFence,
    wantShutDown,
    dirs.offlineLogDirs.join(),
    dirs.cordonedLogDirs?.join(),
  ].join(" ");
}
