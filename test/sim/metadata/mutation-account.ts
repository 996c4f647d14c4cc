/**
 * What one client may have changed in one office by its mutation quota (KIP-599), reckoned from what was given and
 * when: a second opinion on the controller's bucket, which forgets and is handed on from operation to operation.
 */

/** Partitions a second. */
export const MUTATION_RATE = 1;

/** Two sums of the same numbers in another order. */
const ROUNDING = 1e-6;

export class MutationAccount {
  readonly #capacity: number;
  #left: number;
  #countedMs: number | null = null;

  constructor({ count, seconds }: { readonly count: number; readonly seconds: number }) {
    this.#capacity = MUTATION_RATE * count * seconds;
    this.#left = this.#capacity;
  }

  /** A change of so many partitions was given, or refused; null, or why it should not have been. */
  take(
    partitions: number,
    { nowMs, isRefused }: { readonly nowMs: number; readonly isRefused: boolean },
  ): string | null {
    const passedMs = Math.max(0, nowMs - (this.#countedMs ?? nowMs));
    const left = Math.min(this.#capacity, this.#left + (MUTATION_RATE * passedMs) / 1_000);
    if (isRefused) return left < ROUNDING ? null : `refused with ${left} left`;
    this.#countedMs = nowMs;
    this.#left = left - partitions;
    return left >= -ROUNDING ? null : `given with ${left} left`;
  }
}
