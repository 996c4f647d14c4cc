/**
 * In which order calls to peers begin when not all can at once. An object may have six connections open whose answer
 * has not begun; the platform queues what comes after them, first come first served. Here the more urgent goes first:
 * an election must not wait for fetches, nor these for a goodbye.
 */
import type { ApiName } from "../../src/raft/index.ts";
import { CallFailed } from "./call-failure.ts";

/** What the platform allows. Four peers of a quorum of five never reach it; six of seven do. */
const CONNECTIONS_MAX = 6;

/** Smaller goes first. */
const URGENCY: Readonly<Record<ApiName, number>> = {
  vote: 0,
  fetch: 1,
  "fetch-snapshot": 1,
  "begin-quorum-epoch": 2,
  "end-quorum-epoch": 3,
  "api-versions": 3,
  "add-raft-voter": 3,
  "remove-raft-voter": 3,
  "update-raft-voter": 3,
};

interface Waiting {
  readonly urgency: number;
  readonly begin: () => void;
}

export class CallQueue {
  #open = 0;
  readonly #waiting: Waiting[] = [];

  /** Runs `call` when there is room for it; rejects if `signal` is aborted before. */
  async run<T>(api: ApiName, signal: AbortSignal, call: () => Promise<T>): Promise<T> {
    if (this.#open >= CONNECTIONS_MAX) await this.#turnOf(URGENCY[api], signal);
    this.#open += 1;
    try {
      return await call();
    } finally {
      this.#open -= 1;
      this.#waiting.shift()?.begin();
    }
  }

  #turnOf(urgency: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { urgency, begin: resolve };
      const after = this.#waiting.findIndex((other) => other.urgency > urgency);
      this.#waiting.splice(after === -1 ? this.#waiting.length : after, 0, waiting);
      signal.addEventListener("abort", () => {
        const at = this.#waiting.indexOf(waiting);
        if (at === -1) return;
        this.#waiting.splice(at, 1);
        reject(new CallFailed("timeout", "the call was given up before it began"));
      });
    });
  }
}
