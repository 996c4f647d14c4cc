/**
 * The calls that a replica has under way to its peers. There is one time-out for a call, the core's: past
 * `send.deadline` the core has given up, and the connection is given up with it. So is every call of an earlier role:
 * a platform call can hang for minutes, an object may have few at once, and a Vote must not queue behind dead fetches.
 */
import type { CallOutcome, Peers, SendEffect, Timers } from "./ports.ts";

interface Call {
  readonly abort: AbortController;
  readonly clearTimer: () => void;
}

export class Calls {
  readonly #peers: Peers;
  readonly #timers: Timers;
  readonly #underWay = new Set<Call>();
  #whenIdle: (() => void)[] = [];

  constructor({ peers, timers }: { readonly peers: Peers; readonly timers: Timers }) {
    this.#peers = peers;
    this.#timers = timers;
  }

  /** Starts a call that may take `limitMs`. `done` is called once, unless the call is dropped before. */
  start(send: SendEffect, limitMs: number, done: (outcome: CallOutcome) => void): void {
    const abort = new AbortController();
    const call: Call = {
      abort,
      clearTimer: this.#timers.set(Math.max(0, limitMs), () => {
        this.#end(call, () => done({ kind: "failed", failure: "timeout" }));
        abort.abort();
      }),
    };
    this.#underWay.add(call);
    this.#peers.ask(send, abort.signal, (outcome) => this.#end(call, () => done(outcome)));
  }

  /** Gives up every call: their answers are of no interest any more. */
  dropAll(): void {
    for (const call of this.#underWay) {
      this.#end(call, () => undefined);
      call.abort.abort();
    }
  }

  /** Runs `then` when no call is under way, at the latest after `limitMs`. */
  whenIdle(limitMs: number, then: () => void): void {
    if (this.#underWay.size === 0) return then();
    const clearTimer = this.#timers.set(limitMs, () => {
      this.#whenIdle = this.#whenIdle.filter((other) => other !== wake);
      then();
    });
    const wake = (): void => {
      clearTimer();
      then();
    };
    this.#whenIdle.push(wake);
  }

  // The first of answer, failure, time-out and drop ends a call; the others come to nothing.
  #end(call: Call, report: () => void): void {
    if (!this.#underWay.delete(call)) return;
    call.clearTimer();
    report();
    if (this.#underWay.size > 0) return;
    for (const wake of this.#whenIdle.splice(0)) wake();
  }
}
