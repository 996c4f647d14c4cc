/**
 * A pause that doubles with every failure in a row and ends with the first success. Time comes in as an
 * argument, in milliseconds.
 */
export class Backoff {
  readonly #firstMs: number;
  readonly #maxMs: number;
  #pauseMs = 0;
  #until = 0;

  constructor({ firstMs, maxMs }: { readonly firstMs: number; readonly maxMs: number }) {
    this.#firstMs = firstMs;
    this.#maxMs = maxMs;
  }

  isWaiting(now: number): boolean {
    return now < this.#until;
  }

  /**
   * Failures during a pause belong to the same outage and do not lengthen it, but for one that asks for a longer pause
   * itself: `askedMs`, or null.
   */
  failed(now: number, askedMs: number | null = null): void {
    if (!this.isWaiting(now)) {
      this.#pauseMs =
        this.#pauseMs === 0 ? this.#firstMs : Math.min(this.#maxMs, this.#pauseMs * 2);
      this.#until = now + this.#pauseMs;
    }
    if (askedMs !== null) this.#until = Math.max(this.#until, now + askedMs);
  }

  succeeded(): void {
    this.#pauseMs = 0;
    this.#until = 0;
  }
}
