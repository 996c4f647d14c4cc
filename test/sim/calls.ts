/**
 * The calls that one instance has under way to its peers, as its platform makes them. Where the world has it, six at
 * most are under way at once, and the others wait for one of them to end. How long a call may take is the controller's
 * own to say: it aborts what it has given up, and the connection is free again.
 */

/** Ends a call, and then says what came of it. */
type End = (say: () => void) => void;

interface Call {
  readonly signal: AbortSignal;
  readonly begin: () => void;
}

export class Calls {
  readonly #most: number;
  /** Told of an answer to a call that was given up. */
  readonly #tooLate: () => void;
  readonly #queue: Call[] = [];
  readonly #underWay = new Set<Call>();

  constructor(most: number, tooLate: () => void) {
    this.#most = most;
    this.#tooLate = tooLate;
  }

  /** True while calls wait for others to end. */
  get isCrowded(): boolean {
    return this.#queue.length > 0;
  }

  /** Makes a call. `begin` sends it as soon as there is a connection, and is given how to end it. */
  make(signal: AbortSignal, begin: (end: End) => void): void {
    const call: Call = {
      signal,
      begin: () =>
        begin((say) => {
          if (this.#free(call)) say();
          else if (signal.aborted) this.#tooLate();
        }),
    };
    signal.addEventListener("abort", () => this.#free(call), { once: true });
    this.#queue.push(call);
    this.#beginNext();
  }

  /** True when the call was still under way. */
  #free(call: Call): boolean {
    const wasUnderWay = this.#underWay.delete(call);
    if (wasUnderWay) this.#beginNext();
    return wasUnderWay;
  }

  #beginNext(): void {
    while (this.#underWay.size < this.#most) {
      const call = this.#queue.shift();
      if (call === undefined) return;
      if (call.signal.aborted) continue;
      this.#underWay.add(call);
      call.begin();
    }
  }
}
