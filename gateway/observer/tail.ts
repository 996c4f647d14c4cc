/**
 * The newest part of the committed log, as controllers have pushed it. What is committed is the same whoever pushes it,
 * so there is one tail for all of a gateway's links: what is in it already is passed over, what would leave a gap or
 * does not agree with it begins it anew.
 */
import { LinkError, type PushedRecords } from "../../src/link/index.ts";
import { DecodeError, recordBatches, type BatchInRow } from "../../src/protocol/index.ts";
import { joinedBytes } from "../../src/std/joined-bytes.ts";

/** What was new in a push. */
export interface Taken {
  /** The tail begins here, and not where it ended before. */
  readonly isAnew: boolean;
  readonly batches: readonly BatchInRow[];
}

/** One batch may be as large. */
const TAIL_BYTES_MAX = 8 * 1_048_576;

export interface TailEnd {
  readonly offset: number;
  /** Of the record before; 0 where there is none. */
  readonly epoch: number;
}

type Batch = Pick<BatchInRow, "baseOffset" | "lastOffset" | "leaderEpoch" | "bytes">;

export class Tail {
  readonly #bytesMax: number;
  #batches: Batch[] = [];
  #bytes = 0;
  /** Where the first batch begins. */
  #start: TailEnd | null = null;

  constructor(bytesMax = TAIL_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  /** Null while nothing was pushed. */
  get end(): TailEnd | null {
    const last = this.#batches.at(-1);
    return last === undefined ? this.#start : endOf(last);
  }

  get start(): number | null {
    return this.#start?.offset ?? null;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Throws `LinkError` for what is no part of a log, and then has taken nothing of it. */
  take({ from, epochBefore, batches: bytes }: PushedRecords, highWatermark: number | null): Taken {
    const batches = batchesIn(bytes);
    const first = batches[0];
    const end = batches.at(-1);
    if (first !== undefined && first.baseOffset !== from)
      throw new LinkError(
        `a push says that it begins at ${from}, and does so at ${first.baseOffset}`,
      );
    const endOffset = end === undefined ? from : end.lastOffset + 1;
    if (endOffset > (highWatermark ?? -1))
      throw new LinkError(
        `a push ends at ${endOffset}, and only ${highWatermark ?? 0} is committed`,
      );
    const isAnew = !this.#continues({ from, epochBefore }, batches.length === 0);
    if (isAnew) this.#beginAt({ offset: from, epoch: epochBefore });
    const before = this.end?.offset ?? 0;
    const fresh = batches.filter(({ baseOffset }) => baseOffset >= before);
    for (const batch of fresh) this.#append(batch);
    return { isAnew, batches: fresh };
  }

  /**
   * Whether a push belongs to what is here. One that brings nothing says where a controller begins, since it does not
   * know this end; and where epochs differ, what is here is of another log: a cluster's id can be given again.
   */
  #continues(
    { from, epochBefore }: Pick<PushedRecords, "from" | "epochBefore">,
    isBeginning: boolean,
  ): boolean {
    if (isBeginning && from !== this.end?.offset) return false;
    // Dropped from here meanwhile, so that there is nothing to compare: it ends before what is here does.
    const isBelow = this.#start !== null && from < this.#start.offset;
    return isBelow || this.epochBefore(from) === epochBefore;
  }

  /** The epoch of the record before `offset`; null for an offset that is not in the tail or at one of its ends. */
  epochBefore(offset: number): number | null {
    const start = this.#start;
    const end = this.end;
    if (start === null || end === null) return null;
    if (offset < start.offset || offset > end.offset) return null;
    if (offset === start.offset) return start.epoch;
    return this.#batches[this.#indexOf(offset - 1)]?.leaderEpoch ?? null;
  }

  /**
   * Whole batches from the one that contains `from`, until `maxBytes` is exceeded; the first comes whatever its size
   * (KIP-74). Nothing for an offset at the end.
   */
  read(from: number, maxBytes: number): { readonly bytes: Uint8Array; readonly endOffset: number } {
    const chosen: Batch[] = [];
    let size = 0;
    for (let at = this.#indexOf(from); at < this.#batches.length; at += 1) {
      const batch = this.#batches[at];
      if (batch === undefined) break;
      size += batch.bytes.byteLength;
      if (chosen.length > 0 && size > maxBytes) break;
      chosen.push(batch);
    }
    const last = chosen.at(-1);
    return { bytes: joined(chosen), endOffset: last === undefined ? from : last.lastOffset + 1 };
  }

  #beginAt(start: TailEnd): void {
    this.#batches = [];
    this.#bytes = 0;
    this.#start = start;
  }

  #append(batch: Batch): void {
    // A view would keep the whole message that it came in.
    this.#batches.push({ ...batch, bytes: batch.bytes.slice() });
    this.#bytes += batch.bytes.byteLength;
    let dropped = 0;
    while (this.#bytes > this.#bytesMax && dropped < this.#batches.length - 1) {
      const oldest = this.#batches[dropped];
      if (oldest === undefined) break;
      this.#bytes -= oldest.bytes.byteLength;
      this.#start = endOf(oldest);
      dropped += 1;
    }
    if (dropped > 0) this.#batches = this.#batches.slice(dropped);
  }

  /** Of the batch that holds `offset`; the number of batches for the end. */
  #indexOf(offset: number): number {
    let [low, high] = [0, this.#batches.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#batches[middle]?.lastOffset ?? 0) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const endOf = ({ lastOffset, leaderEpoch }: Batch): TailEnd => ({
  offset: lastOffset + 1,
  epoch: leaderEpoch,
});

function batchesIn(bytes: Uint8Array): readonly BatchInRow[] {
  try {
    return [...recordBatches(bytes)];
  } catch (error) {
    if (error instanceof DecodeError) throw new LinkError(`a push: ${error.message}`);
    throw error;
  }
}

function joined(batches: readonly Batch[]): Uint8Array {
  const [first] = batches;
  if (first !== undefined && batches.length === 1) return first.bytes;
  return joinedBytes(batches.map(({ bytes }) => bytes));
}
