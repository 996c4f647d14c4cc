/**
 * When the edge is asked again who the controllers are. A question is a request to the Worker and one to each
 * controller, so there is none without a reason: something new was heard, the last answer left something open, or
 * clients are served and nothing here would tell of a change. Times are in ms, of a clock that never goes back.
 */

/** Controllers of which frames and pushes may hasten a question, at a time. */
const HINTS_MAX = 32;

export interface AskingPauses {
  /** While clients are served and nothing else tells of changes; and the first after an answer that left something open. */
  readonly everyMs: number;
  /** While no client is served. One that starts may know of none but new controllers, whose ports are not there yet. */
  readonly idleMs: number;
  /** While the log tells of changes: the longest there is. */
  readonly maxAgeMs: number;
}

/** What a gateway's clients do: `followed` while the log that they read would tell of other voters. */
export type Clients = "followed" | "served" | "idle";

interface Hinted {
  readonly pauseMs: number;
  readonly until: number;
}

export class AskingTimes {
  readonly #pauses: AskingPauses;
  readonly #hinted = new Map<number, Hinted>();
  #isHastened = false;
  #askedAt: number;
  /** The pause after an answer that left something open; null after one that did not. */
  #doubtMs: number | null = null;
  #chance = 1;

  /** The controllers are known as of `now`. */
  constructor({ everyMs, idleMs, maxAgeMs }: AskingPauses, now: number) {
    const atMost = (ms: number): number => Math.min(ms, maxAgeMs);
    this.#pauses = { everyMs: atMost(everyMs), idleMs: atMost(idleMs), maxAgeMs };
    this.#askedAt = now;
  }

  /**
   * Something was heard of that controller: whether a question is due for it now. One that is heard of again and again
   * hastens fewer and fewer of them.
   */
  hint(nodeId: number, now: number): boolean {
    const known = this.#hinted.get(nodeId);
    if (known !== undefined && now < known.until) return false;
    if (known === undefined && this.#hinted.size >= HINTS_MAX) this.#forgetOld(now);
    if (known === undefined && this.#hinted.size >= HINTS_MAX) return false;
    const { everyMs, maxAgeMs } = this.#pauses;
    const isNew = known === undefined || now >= known.until + known.pauseMs;
    const pauseMs = isNew ? everyMs : Math.min(2 * known.pauseMs, maxAgeMs);
    this.#hinted.set(nodeId, { pauseMs, until: now + pauseMs });
    this.#isHastened = true;
    return true;
  }

  /** Something else may have changed. */
  hasten(): void {
    this.#isHastened = true;
    this.#doubtMs = null;
  }

  /** A question begins now. What is heard from here on is for the next. */
  begin(): void {
    this.#isHastened = false;
  }

  /** It has ended. `chance`, about 1, keeps many gateways from asking in step. */
  ended(outcome: "settled" | "open" | "failed", now: number, chance: number): void {
    this.#askedAt = now;
    this.#chance = chance;
    if (outcome === "failed") this.#hinted.clear();
    const { everyMs, maxAgeMs } = this.#pauses;
    const next = this.#doubtMs === null ? everyMs : Math.min(2 * this.#doubtMs, maxAgeMs);
    this.#doubtMs = outcome === "settled" ? null : next;
  }

  /** In how long a question is due; 0 when it is. */
  dueIn(now: number, clients: Clients): number {
    if (this.#isHastened) return 0;
    const { everyMs, idleMs, maxAgeMs } = this.#pauses;
    const usual = { followed: maxAgeMs, idle: idleMs, served: everyMs }[clients];
    const pauseMs = Math.min(usual, this.#doubtMs ?? usual);
    return Math.max(0, this.#askedAt + this.#chance * pauseMs - now);
  }

  #forgetOld(now: number): void {
    for (const [nodeId, { until, pauseMs }] of this.#hinted)
      if (now >= until + pauseMs) this.#hinted.delete(nodeId);
  }
}
