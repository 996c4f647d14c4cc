/**
 * A bound that all connections of the gateway share: on the bytes that it holds for them, or on how many of them are
 * not authenticated.
 */
export class Room {
  readonly #max: number;
  #held = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get held(): number {
    return this.#held;
  }

  /** False, and nothing is taken, when that much does not fit. */
  take(count: number): boolean {
    if (this.#held + count > this.#max) return false;
    this.#held += count;
    return true;
  }

  release(count: number): void {
    this.#held -= count;
  }
}
