/**
 * When to try a link again. Time and chance come in as arguments; times are in milliseconds, of a clock that
 * never goes back.
 *
 * A deploy cuts all links of all clusters at once, so a gateway waits for a random time up to a bound, which doubles
 * with each failure. An edge that refuses upgrades will refuse the next one too: it is left alone for a minute.
 */

const FIRST_MS = 100;
const MAX_MS = 5_000;
const REFUSED_MS = 60_000;
/** One that lasted this long was no failure. */
const LASTED_MS = 5_000;

export class Reconnecting {
  #boundMs = FIRST_MS;
  #notBefore = 0;

  isWaiting(now: number): boolean {
    return now < this.#notBefore;
  }

  /** `chance` is from 0 to 1. */
  failed(now: number, chance: number): void {
    this.#notBefore = now + chance * this.#boundMs;
    this.#boundMs = Math.min(MAX_MS, 2 * this.#boundMs);
  }

  refused(now: number, chance: number): void {
    this.#notBefore = now + REFUSED_MS * (1 + chance / 2);
  }

  /** It had been open for `lastedMs`. */
  lost(
    now: number,
    { chance, lastedMs }: { readonly chance: number; readonly lastedMs: number },
  ): void {
    if (lastedMs >= LASTED_MS) this.#boundMs = FIRST_MS;
    this.failed(now, chance);
  }
}
