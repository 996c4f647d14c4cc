/**
 * When the edge is asked again who the controllers are. A question is a request to the Worker and one to each
 * controller, so there is none without a reason: something new was heard, the last answer left something open, or
 * clients are served and nothing here would tell of a change. Times are in ms, of a clock that never goes back.
 */

/** Controllers of which frames and pushes may hasten a question, at a time. */
const HINTS_MAX = 32;

export interface AskingPauses {
  /** After an answer while nothing else tells of changes, and the first one after an answer that left something open. */
  readonly everyMs: number;
  /** The longest there is. */
  readonly maxAgeMs: number;
}

interface Hinted {
  readonly pauseMs: number;
  readonly until: number;
}

export class AskingTimes {
  readonly #everyMs: number;
  readonly #maxAgeMs: number;
  readonly #hinted = new Map<number, Hinted>();
  #isHastened = false;
  #askedAt: number;
  /** The pause after an answer that left something open; null after one that did not. */
  #doubtMs: number | null = null;
  #chance = 1;

  /** The controllers are known as of `now`. */
  constructor({ everyMs, maxAgeMs }: AskingPauses, now: number) {
    this.#maxAgeMs = maxAgeMs;
    this.#everyMs = Math.min(everyMs, maxAgeMs);
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
    const isNew = known === undefined || now >= known.until + known.pauseMs;
    const pauseMs = isNew ? this.#everyMs : Math.min(2 * known.pauseMs, this.#maxAgeMs);
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
    const { everyMs, maxAgeMs } = { everyMs: this.#everyMs, maxAgeMs: this.#maxAgeMs };
    const next = this.#doubtMs === null ? everyMs : Math.min(2 * this.#doubtMs, maxAgeMs);
    this.#doubtMs = outcome === "settled" ? null : next;
  }

  /** In how long a question is due; 0 when it is. `isTold`: a change would be heard of otherwise, or matters to nobody. */
  dueIn(now: number, isTold: boolean): number {
    if (this.#isHastened) return 0;
    const pauseMs = isTold ? (this.#doubtMs ?? this.#maxAgeMs) : this.#everyMs;
    return Math.max(0, this.#askedAt + this.#chance * pauseMs - now);
  }

  #forgetOld(now: number): void {
    for (const [nodeId, { until, pauseMs }] of this.#hinted)
      if (now >= until + pauseMs) this.#hinted.delete(nodeId);
  }
}
