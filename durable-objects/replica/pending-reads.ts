/**
 * Linearizable reads that the core has not spoken of yet, by the names under which it knows them.
 */
import type { ReadRefusal, RequestId } from "../../src/raft/index.ts";

/** How a linearizable read ends: with what it must show, exclusive, or with why it must not show anything. */
export type ReadOutcome =
  | { readonly kind: "ready"; readonly readIndex: number }
  | { readonly kind: "refused"; readonly error: ReadRefusal };

/** What a node says that does not lead, or has stopped. */
export const NOT_LEADER: ReadOutcome = { kind: "refused", error: "NOT_LEADER_OR_FOLLOWER" };

/** Told once, in the middle of an input: it must not wait. */
export type ReadTold = (outcome: ReadOutcome) => void;

export class PendingReads {
  readonly #told = new Map<RequestId, ReadTold>();

  add(request: RequestId, told: ReadTold): void {
    this.#told.set(request, told);
  }

  /** Forgets one whose reader is gone; false when it has ended before. */
  abandon(request: RequestId): boolean {
    return this.#told.delete(request);
  }

  end(requests: readonly RequestId[], outcome: ReadOutcome): void {
    for (const request of requests) {
      const told = this.#told.get(request);
      this.#told.delete(request);
      told?.(outcome);
    }
  }

  /** The replica has stopped. */
  endAll(): void {
    this.end([...this.#told.keys()], NOT_LEADER);
  }
}
