/**
 * Calls that one request makes at the same time, up to a number: the platform lets six wait for their answers, and what
 * a request asks of many objects must not take them all at once.
 */
export class CallPlaces {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(max: number) {
    this.#free = max;
  }

  /** Makes the call as soon as there is a place for it; calls come in the order in which they were asked for. */
  async run<Answer>(call: () => Promise<Answer>): Promise<Answer> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((go) => this.#waiting.push(go));
    try {
      return await call();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
