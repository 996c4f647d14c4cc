/**
 * Reads a snapshot as it arrives, in pieces that are cut anywhere: whole batches come out, each verified by its
 * checksum, in dense offsets from 0 and of one epoch. It holds one unfinished batch at most.
 *
 * A changed byte is found wherever it is. What the checksum of a batch leaves out is its offset, its length and its
 * epoch; the first two must fit what stands around the batch, and the epoch is that of every other one.
 */
import { DecodeError } from "./bytes/errors.ts";
import { Reader } from "./bytes/reader.ts";
import type { ControlRecord } from "./control-records.ts";
import {
  BATCH_BYTES_MAX,
  decodeRecordBatch,
  type DataBatch,
  type RecordBatch,
} from "./record-batch.ts";
import type { FramedVoters, SnapshotFrame } from "./snapshot.ts";

/** Base offset and batch length: what says how long a batch is. `batchLength` counts what comes after itself. */
const PREFIX_BYTES = 12;
const LENGTH_AT = 8;

export class SnapshotReader {
  #frame: SnapshotFrame | null = null;
  #hasFooter = false;
  #nextOffset = 0;
  /** Where in the snapshot the batch begins that is read next. */
  #start = 0;
  /** The beginning of a batch whose end has not arrived: the first `#held` bytes of this. */
  #cut = new Uint8Array(0);
  #held = 0;

  /** What the snapshot says of itself; null before the header has been read. */
  get frame(): SnapshotFrame | null {
    return this.#frame;
  }

  /** How many bytes have been pushed. */
  get position(): number {
    return this.#start + this.#held;
  }

  /**
   * Takes the next bytes; answers the batches of data that they complete, whose values are views. A `DecodeError` says
   * what is wrong, and at which byte of the snapshot; there is nothing to be pushed after one.
   */
  push(bytes: Uint8Array): readonly DataBatch[] {
    const found: DataBatch[] = [];
    let at = 0;
    while (at < bytes.length) {
      const taken = this.#take(bytes.subarray(at));
      at += taken.count;
      if (taken.batch !== null) this.#read(taken.batch, found);
    }
    return found;
  }

  /** There are no more bytes: a `DecodeError` unless the snapshot was whole. */
  end(): SnapshotFrame {
    if (this.#frame === null && this.#held === 0) throw this.#refusal("the snapshot is empty");
    if (this.#held > 0) throw this.#refusal(`the last batch breaks off after ${this.#held} bytes`);
    if (this.#frame === null || !this.#hasFooter) throw this.#refusal("the snapshot has no footer");
    return this.#frame;
  }

  /** The batch at the beginning of `bytes`, or what there is of it; what was held of it comes before. */
  #take(bytes: Uint8Array): { readonly count: number; readonly batch: Uint8Array | null } {
    if (this.#hasFooter) throw this.#refusal("there are bytes after the footer");
    if (this.#held === 0 && bytes.length >= PREFIX_BYTES) {
      const size = this.#sizeOf(bytes);
      if (size <= bytes.length) return { count: size, batch: bytes.subarray(0, size) };
    }
    // First the prefix, then as much as it says.
    const wanted = this.#held < PREFIX_BYTES ? PREFIX_BYTES : this.#sizeOf(this.#cut);
    const count = Math.min(bytes.length, wanted - this.#held);
    this.#hold(bytes.subarray(0, count), wanted);
    if (this.#held < PREFIX_BYTES || this.#held < this.#sizeOf(this.#cut))
      return { count, batch: null };
    const batch = this.#cut.subarray(0, this.#held);
    // The values of the batch are views of these bytes: they are not written to again.
    this.#cut = new Uint8Array(0);
    this.#held = 0;
    return { count, batch };
  }

  // Doubled as bytes arrive, and not made as long as the batch says: a length may be a lie.
  #hold(bytes: Uint8Array, wanted: number): void {
    const needed = this.#held + bytes.length;
    if (needed > this.#cut.length) {
      const wider = new Uint8Array(Math.max(needed, Math.min(wanted, 2 * this.#cut.length)));
      wider.set(this.#cut.subarray(0, this.#held));
      this.#cut = wider;
    }
    this.#cut.set(bytes, this.#held);
    this.#held = needed;
  }

  #sizeOf(prefix: Uint8Array): number {
    const reader = new Reader(prefix);
    reader.skip(LENGTH_AT);
    const size = PREFIX_BYTES + reader.int32();
    if (size > PREFIX_BYTES && size <= BATCH_BYTES_MAX) return size;
    throw this.#refusal(`a batch of ${size} bytes`);
  }

  #read(bytes: Uint8Array, found: DataBatch[]): void {
    const batch = this.#decoded(bytes);
    const { baseOffset, leaderEpoch, lastOffset } = batch;
    if (baseOffset !== this.#nextOffset)
      throw this.#refusal(`a batch begins at ${baseOffset} and not at ${this.#nextOffset}`);
    if (this.#frame === null) this.#frame = this.#frameOf(batch);
    else if (leaderEpoch !== this.#frame.epoch)
      throw this.#refusal(`a batch of epoch ${leaderEpoch} in a snapshot of ${this.#frame.epoch}`);
    else if (!batch.isControl) found.push(batch);
    else if (isFooter(batch)) this.#hasFooter = true;
    else throw this.#refusal("a control batch among the data");
    this.#start += bytes.length;
    this.#nextOffset = lastOffset + 1;
  }

  #decoded(bytes: Uint8Array): RecordBatch {
    try {
      return decodeRecordBatch(bytes);
    } catch (error) {
      throw error instanceof DecodeError ? error.after(this.#start) : error;
    }
  }

  #frameOf(first: RecordBatch): SnapshotFrame {
    const [header, ...rest] = first.isControl ? first.records : [];
    if (header?.type !== "SNAPSHOT_HEADER") throw this.#refusal("the snapshot has no header");
    const voters = votersOf(rest);
    if (voters === undefined)
      throw this.#refusal("the header says something other than the voters");
    return {
      epoch: first.leaderEpoch,
      lastContainedLogTimestampMs: header.data.lastContainedLogTimestamp,
      timestampMs: first.timestampMs,
      voters,
    };
  }

  #refusal(reason: string): DecodeError {
    return new DecodeError(reason, this.#start, { api: "Snapshot", version: 0 });
  }
}

/** What a header says of the voters; undefined where it says something else. */
function votersOf(records: readonly ControlRecord[]): FramedVoters | null | undefined {
  const [version, set, ...more] = records;
  if (version === undefined) return null;
  const isWhole = version.type === "KRAFT_VERSION" && set?.type === "KRAFT_VOTERS";
  return isWhole && more.length === 0 ? { version: version.data, set: set.data } : undefined;
}

const isFooter = (batch: RecordBatch): boolean =>
  batch.isControl && batch.records.length === 1 && batch.records[0]?.type === "SNAPSHOT_FOOTER";

export interface DecodedSnapshot {
  readonly frame: SnapshotFrame;
  /** The data in order, as views. */
  readonly values: readonly Uint8Array[];
}

/** Reads a snapshot that is there as a whole; otherwise a `DecodeError`. */
export function decodeSnapshot(bytes: Uint8Array): DecodedSnapshot {
  const reader = new SnapshotReader();
  const values = reader.push(bytes).flatMap((batch) => batch.values);
  return { frame: reader.end(), values };
}
