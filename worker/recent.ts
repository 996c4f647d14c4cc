/**
 * A bounded map that drops the least recently used entry. It holds all that an isolate keeps between requests: plain
 * data only, since one request may not touch another's promises, streams or stubs, and nothing whose loss would
 * matter, since an isolate may go at any time.
 */
export class Recent<Value> {
  readonly #entries = new Map<string, Value>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  get(key: string): Value | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    // A map iterates in the order of insertion: an entry put back comes last, and the first is the oldest.
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  set(key: string, value: Value): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#max) break;
      this.#entries.delete(oldest);
    }
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  /** From the least recently used one on; as they are now, so that some may be deleted meanwhile. */
  entries(): readonly (readonly [string, Value])[] {
    return [...this.#entries];
  }

  get size(): number {
    return this.#entries.size;
  }
}
