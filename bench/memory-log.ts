/** A log in memory that can be filled and read, and nothing else. */
import { dataBatch } from "../durable-objects/replica/entries.ts";
import type { LogStore } from "../durable-objects/replica/ports.ts";
import type { StoredBatch } from "../durable-objects/replica/stored-batch.ts";
import { encodeMetadataRecord, type MetadataRecord } from "../src/protocol/index.ts";

export class MemoryLog implements Pick<LogStore, "read"> {
  readonly #batches: StoredBatch[] = [];
  readonly #indexes = new Map<number, number>();
  endOffset = 0;

  append(records: readonly MetadataRecord[]): void {
    const baseOffset = this.endOffset;
    const values = records.map(encodeMetadataRecord);
    const bytes = dataBatch({ baseOffset, values, timestampMs: 1 }, 1);
    this.endOffset += values.length;
    this.#indexes.set(baseOffset, this.#batches.length);
    this.#batches.push({
      baseOffset,
      lastOffset: this.endOffset - 1,
      epoch: 1,
      control: false,
      bytes,
    });
  }

  read({ from, upTo, maxBytes }: Parameters<LogStore["read"]>[0]): readonly StoredBatch[] {
    const found: StoredBatch[] = [];
    let bytes = 0;
    for (const batch of this.#batches.slice(
      this.#indexes.get(from),
      (this.#indexes.get(from) ?? 0) + 1_000,
    )) {
      bytes += batch.bytes.byteLength;
      if (batch.baseOffset >= upTo || (found.length > 0 && bytes > maxBytes)) break;
      found.push(batch);
    }
    return found;
  }
}
