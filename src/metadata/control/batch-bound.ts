/**
 * How much one batch holds of what brokers cause. A broker may lead 100,000 partitions; whoever fences it writes that
 * in several batches, each computed afresh on the view that the last one left. What is asked for in one request is
 * another matter: it is one batch of up to 8 MiB, or refused (`operation.ts`).
 *
 * Both bounds are soft, and are there for others: brokers fetch and replay a batch whole, and an event must not run
 * long. Kafka counts records alone.
 */
import {
  BATCH_HEADER_BYTES,
  dataRecordBytes,
  metadataRecordSize,
  type MetadataRecord,
} from "../../protocol/index.ts";

/** As the batch is stored, header included. */
export const BOUNDED_BATCH_BYTES = 512 * 1_024;
/** A change of a partition is the dearest record: computed, encoded, replayed and stored it takes about 10 µs. */
export const BOUNDED_BATCH_RECORDS = 4_000;

/** The records of one batch, in their order, as far as they fit. A batch of one record holds it whatever its size. */
export class BoundedBatch {
  readonly #records: MetadataRecord[] = [];
  #bytes = BATCH_HEADER_BYTES;
  #isWhole = true;

  get records(): readonly MetadataRecord[] {
    return this.#records;
  }

  /** False once a record did not fit: it is left for a batch of its own, and with it everything after. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Takes these records while they fit; true if that was all of them. What follows is not computed. */
  take(records: Iterable<MetadataRecord>): boolean {
    if (!this.#isWhole) return false;
    for (const record of records) if (!this.add(record)) return false;
    return true;
  }

  /** Takes one record; false if it does not fit, or one before it did not. */
  add(record: MetadataRecord): boolean {
    if (!this.#isWhole) return false;
    const count = this.#records.length;
    const bytes = this.#bytes + dataRecordBytes(metadataRecordSize(record), count);
    const isFull = count >= BOUNDED_BATCH_RECORDS || bytes > BOUNDED_BATCH_BYTES;
    this.#isWhole = count === 0 || !isFull;
    if (!this.#isWhole) return false;
    this.#records.push(record);
    this.#bytes = bytes;
    return true;
  }
}
