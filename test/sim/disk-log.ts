/**
 * The log of a simulated disk: one version of its contents, with the answers that the tables of
 * `durable-objects/storage` give. It splits no batch, and takes as large a one.
 */
import type { LogStore } from "../../durable-objects/replica/ports.ts";
import type { StoredBatch } from "../../durable-objects/replica/stored-batch.ts";
import { BATCH_BYTES_MAX } from "../../src/protocol/index.ts";
import type { EpochStart, LogRange } from "../../src/raft/index.ts";
import { assert } from "../../src/std/assert.ts";

/** Some rows written or removed. */
export type LogWrite =
  | { readonly kind: "append"; readonly batch: StoredBatch }
  | { readonly kind: "truncate"; readonly offset: number }
  | { readonly kind: "epoch-start"; readonly start: EpochStart }
  | { readonly kind: "log-start"; readonly offset: number }
  | { readonly kind: "log-restart"; readonly offset: number }
  | { readonly kind: "log-sweep"; readonly rowsMax: number };

export class LogContents {
  startOffset = 0;
  /** Rising and without gaps, from the start on. */
  #batches: StoredBatch[] = [];
  /** The bytes before each batch. */
  #positions: number[] = [];
  #startPosition = 0;
  /** By rising epoch. */
  #epochs: EpochStart[] = [];
  /** How many rows below the start are still to be removed. */
  #garbage = 0;

  apply(write: LogWrite): void {
    switch (write.kind) {
      case "append":
        return this.#append(write.batch);
      case "truncate":
        return this.#truncateTo(write.offset);
      case "epoch-start":
        return this.#startEpoch(write.start);
      case "log-start":
        return this.#moveStart(write.offset);
      case "log-restart":
        return this.#restartAt(write.offset);
      case "log-sweep":
        this.#garbage -= Math.min(this.#garbage, write.rowsMax);
    }
  }

  copyFrom(other: LogContents): void {
    this.startOffset = other.startOffset;
    this.#batches = [...other.#batches];
    this.#positions = [...other.#positions];
    this.#startPosition = other.#startPosition;
    this.#epochs = [...other.#epochs];
    this.#garbage = other.#garbage;
  }

  get endOffset(): number {
    const last = this.#batches.at(-1);
    return last === undefined ? this.startOffset : last.lastOffset + 1;
  }

  get epochs(): readonly EpochStart[] {
    return this.#epochs;
  }

  get hasGarbage(): boolean {
    return this.#garbage > 0;
  }

  get controlBatches(): readonly StoredBatch[] {
    return this.#batches.filter(({ control }) => control);
  }

  /** The batch that begins at `baseOffset`. */
  batchAt(baseOffset: number): StoredBatch | undefined {
    const batch = this.#batches[this.#indexOf(baseOffset)];
    return batch?.baseOffset === baseOffset ? batch : undefined;
  }

  isBoundary(offset: number): boolean {
    return offset === this.endOffset || this.batchAt(offset) !== undefined;
  }

  bytesBefore(offset: number): number {
    if (offset === this.endOffset) return this.#endPosition;
    assert(this.isBoundary(offset), `no batch begins at ${offset}`);
    return this.#positions[this.#indexOf(offset)] ?? 0;
  }

  read({ from, upTo, maxBytes }: LogRange): readonly StoredBatch[] {
    const read: StoredBatch[] = [];
    let bytes = 0;
    for (let at = this.#indexOf(from); at < this.#batches.length; at += 1) {
      const batch = this.#batches[at];
      if (batch === undefined || batch.baseOffset >= upTo) break;
      bytes += batch.bytes.byteLength;
      if (read.length > 0 && bytes > maxBytes) break;
      read.push(batch);
    }
    return read;
  }

  get #endPosition(): number {
    const last = this.#batches.at(-1);
    const before = this.#positions.at(-1) ?? this.#startPosition;
    return before + (last?.bytes.byteLength ?? 0);
  }

  // Where a table would hold two rows of one key, or the log a gap.
  #append(batch: StoredBatch): void {
    const end = this.endOffset;
    assert(batch.baseOffset === end, `a batch at ${batch.baseOffset} in a log that ends at ${end}`);
    assert(batch.bytes.byteLength <= BATCH_BYTES_MAX, `a batch at ${end} is too large`);
    this.#positions.push(this.#endPosition);
    this.#batches.push(batch);
  }

  #truncateTo(offset: number): void {
    assert(offset >= this.startOffset, `a log that begins at ${this.startOffset} before ${offset}`);
    while ((this.#batches.at(-1)?.baseOffset ?? -1) >= offset) {
      this.#batches.pop();
      this.#positions.pop();
    }
    this.#epochs = this.#epochs.filter(({ startOffset }) => startOffset < offset);
  }

  #startEpoch(start: EpochStart): void {
    const last = this.#epochs.at(-1);
    if (last === undefined || last.epoch < start.epoch) this.#epochs.push(start);
    else if (this.#epochs.every(({ epoch }) => epoch !== start.epoch)) {
      this.#epochs = [...this.#epochs, start].toSorted((one, other) => one.epoch - other.epoch);
    }
  }

  #moveStart(offset: number): void {
    assert(offset >= this.startOffset && this.isBoundary(offset), `no start at ${offset}`);
    const position = this.bytesBefore(offset);
    const reaching = this.batchAt(offset)?.epoch;
    this.#beginAt(offset, position);
    this.#epochs = this.#epochs.filter(({ startOffset }) => startOffset >= offset);
    if (reaching !== undefined) this.#startEpoch({ epoch: reaching, startOffset: offset });
  }

  #restartAt(offset: number): void {
    const position = this.#endPosition;
    this.#truncateTo(offset);
    this.#beginAt(offset, position);
    this.#epochs = [];
  }

  #beginAt(offset: number, position: number): void {
    const below = this.#batches.findIndex(({ baseOffset }) => baseOffset >= offset);
    const garbage = below === -1 ? this.#batches.length : below;
    this.#batches.splice(0, garbage);
    this.#positions.splice(0, garbage);
    this.#garbage += garbage;
    this.startOffset = offset;
    this.#startPosition = position;
  }

  /** The index of the first batch that reaches to or above `offset`. */
  #indexOf(offset: number): number {
    let low = 0;
    let high = this.#batches.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#batches[middle]?.lastOffset ?? offset) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The port over contents that `write` changes. */
export function logStoreOf(contents: LogContents, write: (one: LogWrite) => void): LogStore {
  return {
    batchBytesMax: BATCH_BYTES_MAX,
    append: (batch) => write({ kind: "append", batch }),
    truncateTo: (offset) => write({ kind: "truncate", offset }),
    writeEpochStart: (start) => write({ kind: "epoch-start", start }),
    epochStarts: () => [...contents.epochs],
    epochAt: (baseOffset) => contents.batchAt(baseOffset)?.epoch ?? null,
    startOffset: () => contents.startOffset,
    endOffset: () => contents.endOffset,
    bytesBefore: (offset) => contents.bytesBefore(offset),
    isBoundary: (offset) => contents.isBoundary(offset),
    controlBatches: () => contents.controlBatches,
    read: (range) => contents.read(range),
    moveStart: (offset) => write({ kind: "log-start", offset }),
    restartAt: (offset) => write({ kind: "log-restart", offset }),
    sweep(rowsMax) {
      if (contents.hasGarbage && rowsMax > 0) write({ kind: "log-sweep", rowsMax });
      return !contents.hasGarbage;
    },
  };
}
