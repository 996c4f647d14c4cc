/**
 * The storage of one replica as a Durable Object has it: a transaction is visible to its writer at once and
 * durable some time later, in order, all or nothing. What is lost by a crash is exactly what was not yet
 * durable. Storage outlives instances; a superseded instance can no longer write.
 *
 * It stores what the core asks for and understands none of it beyond offsets.
 */

/** Anything that has its place in the log. */
interface Placed {
  readonly baseOffset: number;
  readonly lastOffset: number;
}

/** All that one step wants to be durable together. Applied in the order of the fields. */
export interface Transaction<Election, Entry> {
  readonly election: Election | null;
  readonly truncateTo: number | null;
  readonly append: readonly Entry[];
}

/** One version of the contents: what the writer sees, or what is durable. */
class Contents<Election, Entry extends Placed> {
  election: Election | null = null;
  readonly log: Entry[] = [];

  apply({ election, truncateTo, append }: Transaction<Election, Entry>): void {
    if (election !== null) this.election = election;
    if (truncateTo !== null) {
      while ((this.log.at(-1)?.lastOffset ?? -1) >= truncateTo) this.log.pop();
    }
    for (const entry of append) this.log.push(entry);
  }

  copyFrom(other: Contents<Election, Entry>): void {
    this.election = other.election;
    this.log.length = 0;
    for (const entry of other.log) this.log.push(entry);
  }
}

export class Disk<Election, Entry extends Placed, Written extends Transaction<Election, Entry>> {
  readonly #view = new Contents<Election, Entry>();
  readonly #durable = new Contents<Election, Entry>();
  #pending: Written[] = [];

  get election(): Election | null {
    return this.#view.election;
  }

  get log(): readonly Entry[] {
    return this.#view.log;
  }

  /** The offset after the last record, as the writer sees it. */
  get end(): number {
    return (this.#view.log.at(-1)?.lastOffset ?? -1) + 1;
  }

  /** Makes a transaction visible to its writer. */
  write(transaction: Written): void {
    this.#view.apply(transaction);
    this.#pending.push(transaction);
  }

  /** Makes the oldest transaction that is not yet durable durable, and returns it. */
  flush(): Written | undefined {
    const oldest = this.#pending.shift();
    if (oldest !== undefined) this.#durable.apply(oldest);
    return oldest;
  }

  /** Forgets what was not durable. */
  crash(): void {
    if (this.#pending.length === 0) return;
    this.#pending = [];
    this.#view.copyFrom(this.#durable);
  }

  /** At most `most` batches, from the one that holds `from` to the one that ends at or below `upTo`. */
  read(from: number, upTo: number, most = Number.POSITIVE_INFINITY): readonly Entry[] {
    const { log } = this.#view;
    const first = this.#indexOf(from);
    let after = first;
    while (after - first < most && (log[after]?.lastOffset ?? upTo) < upTo) after += 1;
    return log.slice(first, after);
  }

  /** The index of the first batch that reaches to or above `offset`. */
  #indexOf(offset: number): number {
    const { log } = this.#view;
    let low = 0;
    let high = log.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((log[middle]?.lastOffset ?? offset) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
