/**
 * Writes a history down while it happens. Calls and returns are numbered in the order in which the recorder is told of
 * them, so a client tells it of a call before it sends anything, and of a return after it has heard everything; then
 * clocks play no part, and clients in one process can share one recorder.
 */
import type { LogPlace, Operation } from "./operation.ts";

/** One operation under way. One of the three is called, once; none where nobody ever knows: that is `unknown`. */
export interface Call<Output> {
  /** It was answered; with its place in the log where the answer tells it. */
  readonly returned: (output: Output, place?: LogPlace) => void;
  /** It was refused, or never sent, and certainly has no effect. */
  readonly withoutEffect: () => void;
  /** Nobody will be told what became of it; with its place in the log where that was found there. */
  readonly unknown: (place?: LogPlace) => void;
}

/** As many operations as a history may have: what is longer cannot be checked, and so is not recorded either. */
export const OPERATIONS_MAX = 200_000;

export class Recorder<Input, Output> {
  readonly #operations = new Map<number, Operation<Input, Output>>();
  readonly #operationsMax: number;
  #moment = 0;

  constructor(operationsMax = OPERATIONS_MAX) {
    this.#operationsMax = operationsMax;
  }

  /** Everything so far, in the order of the calls; what has not returned is not known. */
  get history(): readonly Operation<Input, Output>[] {
    return [...this.#operations.values()];
  }

  /** A client begins. Throws RangeError when the history is full. */
  call(client: string, input: Input): Call<Output> {
    if (this.#operations.size >= this.#operationsMax)
      throw new RangeError(`a history of more than ${this.#operationsMax} operations`);
    const id = this.#next();
    const called: Operation<Input, Output> = {
      client,
      callAt: id,
      returnAt: Number.POSITIVE_INFINITY,
      input,
      output: null,
      place: null,
    };
    this.#operations.set(id, called);
    let isOver = false;
    const settle = (settled: () => void): void => {
      if (isOver) throw new Error(`${client} was told twice what became of one operation`);
      isOver = true;
      settled();
    };
    return {
      returned: (output, place) =>
        settle(() => {
          const returnAt = this.#next();
          this.#operations.set(id, { ...called, returnAt, output, place: place ?? null });
        }),
      withoutEffect: () => settle(() => this.#operations.delete(id)),
      unknown: (place) =>
        settle(() => this.#operations.set(id, { ...called, place: place ?? null })),
    };
  }

  #next(): number {
    this.#moment += 1;
    return this.#moment;
  }
}
