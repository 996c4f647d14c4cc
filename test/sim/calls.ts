/**
 * The calls that one instance makes to its peers, as its platform makes them: each ends once, in an answer or in none,
 * and at the latest when its patience is over. Where the world has it, six at most are under way at once, and the
 * others wait for one of them to end: their patience runs meanwhile.
 */
import type { Response } from "../../src/raft/index.ts";
import type { Timeline } from "./timeline.ts";

type Ended = (answer: Response | null) => void;

interface Call {
  readonly until: number;
  readonly begin: () => void;
  readonly ended: Ended;
  isUnderWay: boolean;
}

export class Calls {
  readonly #timeline: Timeline;
  readonly #most: number;
  readonly #calls = new Map<number, Call>();
  readonly #queue: Call[] = [];
  #underWay = 0;
  #next = 0;
  /** When calls are next looked through for those whose patience has ended. */
  #sweepAt = Number.POSITIVE_INFINITY;

  constructor(timeline: Timeline, most: number) {
    this.#timeline = timeline;
    this.#most = most;
  }

  /** True while calls wait for others to end. */
  get isCrowded(): boolean {
    return this.#queue.length > 0;
  }

  /**
   * Makes a call that ends after `patienceMs` at the latest; `begin` sends it, and is given what to do with its answer
   * or with the news that there is none.
   */
  make(patienceMs: number, begin: (end: Ended) => void, ended: Ended): void {
    const number = this.#next;
    this.#next += 1;
    const call: Call = {
      until: this.#timeline.now + patienceMs,
      begin: () => begin((answer) => this.#end(number, answer)),
      ended,
      isUnderWay: false,
    };
    this.#calls.set(number, call);
    this.#queue.push(call);
    this.#beginNext();
    this.#sweepLater(call);
  }

  #beginNext(): void {
    while (this.#underWay < this.#most) {
      const call = this.#queue.shift();
      if (call === undefined) return;
      if (call.until <= this.#timeline.now) continue;
      call.isUnderWay = true;
      this.#underWay += 1;
      call.begin();
    }
  }

  #end(number: number, answer: Response | null): void {
    const call = this.#calls.get(number);
    if (call === undefined) return;
    this.#calls.delete(number);
    if (call.isUnderWay) this.#underWay -= 1;
    this.#beginNext();
    call.ended(answer);
  }

  #sweepLater(call: Call): void {
    const { until } = call;
    if (until >= this.#sweepAt) return;
    this.#sweepAt = until;
    this.#timeline.after(until - this.#timeline.now, () => {
      if (this.#sweepAt === until) this.#sweep();
    });
  }

  #sweep(): void {
    this.#sweepAt = Number.POSITIVE_INFINITY;
    const { now } = this.#timeline;
    const calls = [...this.#calls];
    for (const [number, { until }] of calls) if (until <= now) this.#end(number, null);
    for (const call of this.#calls.values()) this.#sweepLater(call);
  }
}
