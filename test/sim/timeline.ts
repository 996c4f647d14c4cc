/**
 * Virtual time: a heap of things that will happen, ordered by time and then by the order in which they were
 * scheduled. Nothing here waits; a world jumps from one event to the next.
 */
interface Scheduled {
  readonly at: number;
  readonly sequence: number;
  readonly happen: () => void;
}

export class Timeline {
  /** Virtual milliseconds since the world began. */
  now = 0;
  #sequence = 0;
  readonly #heap: Scheduled[] = [];

  /** Schedules `happen` for `delayMs` from now; never in the past. */
  after(delayMs: number, happen: () => void): void {
    this.#sequence += 1;
    const at = this.now + Math.max(0, Math.ceil(delayMs));
    this.#heap.push({ at, sequence: this.#sequence, happen });
    this.#rise(this.#heap.length - 1);
  }

  /** Lets the next event happen if it is due by `deadline`; false when none is. */
  advance(deadline: number): boolean {
    const next = this.#heap[0];
    if (next === undefined || next.at > deadline) {
      this.now = Math.max(this.now, deadline);
      return false;
    }
    this.#takeFirst();
    this.now = next.at;
    next.happen();
    return true;
  }

  #takeFirst(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink(0);
  }

  #rise(from: number): void {
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#before(index, parent)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  #sink(from: number): void {
    let index = from;
    for (;;) {
      const left = 2 * index + 1;
      let first = index;
      if (this.#before(left, first)) first = left;
      if (this.#before(left + 1, first)) first = left + 1;
      if (first === index) return;
      this.#swap(index, first);
      index = first;
    }
  }

  #before(one: number, other: number): boolean {
    const a = this.#heap[one];
    const b = this.#heap[other];
    if (a === undefined || b === undefined) return false;
    return a.at === b.at ? a.sequence < b.sequence : a.at < b.at;
  }

  #swap(one: number, other: number): void {
    const a = this.#heap[one];
    const b = this.#heap[other];
    if (a === undefined || b === undefined) return;
    this.#heap[one] = b;
    this.#heap[other] = a;
  }
}
