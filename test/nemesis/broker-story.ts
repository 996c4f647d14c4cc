/**
 * What one broker was shown of the log, fetch by fetch, and what is wrong with that. Brokers are shown nothing but what
 * is committed, so none of it may ever be taken back: each answer goes on where the last one ended, ends within the high
 * watermark that it names, and in the end all of it is a part of the log, byte for byte.
 */
import { recordBatches } from "../../src/protocol/index.ts";

/** Each stands in memory, and the first says enough. */
const COMPLAINTS_MAX = 10;

/** An answer to a Fetch of `end`, without an error. */
export interface Shown {
  readonly highWatermark: number;
  /** Whole batches, or none. */
  readonly records: Uint8Array;
}

export class BrokerStory {
  readonly complaints: string[] = [];
  readonly #name: string;
  readonly #batches: Uint8Array[] = [];
  #bytes = 0;
  #end = 0;
  #epoch = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** Where the broker's copy ends. */
  get end(): number {
    return this.#end;
  }

  /** Of the last record before; 0 where there is none. */
  get lastEpoch(): number {
    return this.#epoch;
  }

  shown({ highWatermark, records }: Shown): void {
    for (const { baseOffset, lastOffset, leaderEpoch, bytes } of recordBatches(records)) {
      if (baseOffset !== this.#end)
        return this.complain(`was shown a batch at ${baseOffset} in answer to ${this.#end}`);
      if (leaderEpoch < this.#epoch)
        return this.complain(`was shown epoch ${leaderEpoch} after ${this.#epoch}`);
      this.#batches.push(bytes.slice());
      this.#bytes += bytes.byteLength;
      this.#end = lastOffset + 1;
      this.#epoch = leaderEpoch;
    }
    // A leader that does not know it yet names none.
    if (highWatermark >= 0 && highWatermark < this.#end)
      this.complain(`has ${this.#end} records, and was told that ${highWatermark} are committed`);
    return undefined;
  }

  complain(what: string): void {
    if (this.complaints.length < COMPLAINTS_MAX) this.complaints.push(`${this.#name} ${what}`);
  }

  /** The first thing that is wrong, given the log from its first record on; undefined when nothing is. */
  complaint(log: Uint8Array): string | undefined {
    const [first] = this.complaints;
    if (first !== undefined) return first;
    const own = Buffer.concat(this.#batches);
    const length = Math.min(this.#bytes, log.byteLength);
    const at = own.subarray(0, length).compare(log.subarray(0, length)) === 0 ? length : -1;
    if (at === this.#bytes) return undefined;
    return `${this.#name} was shown ${this.#end} records that are not those of the log`;
  }
}
