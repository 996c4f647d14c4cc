/**
 * One snapshot while it is written (KIP-630): the records of an image become the bytes of a checkpoint, a slice at a
 * time. Nothing in them depends on when or where they are made: a build makes the same bytes of the same image on every
 * voter, so that snapshots can be compared.
 */
import { imageToRecords, type MetadataImage } from "../../src/metadata/index.ts";
import {
  BATCH_HEADER_BYTES,
  dataRecordBytes,
  encodeMetadataRecord,
  snapshotEncoder,
  type MetadataRecord,
  type SnapshotEncoder,
} from "../../src/protocol/index.ts";
import type { SnapshotId, StoredSnapshot, VoterSet } from "../../src/raft/index.ts";
import { framedVoters } from "../replica/entries.ts";

/** A batch fills a row of the snapshot store. Only a record that is larger makes a larger one. */
const BATCH_BYTES_MAX = 1_048_576;

export class SnapshotWriting {
  /** It is immutable, and the snapshot is of nothing but it. */
  readonly image: MetadataImage;
  readonly #encoder: SnapshotEncoder;
  readonly #records: Generator<MetadataRecord, void, undefined>;
  #values: Uint8Array[] = [];
  #batchBytes = BATCH_HEADER_BYTES;
  #size = 0;

  /**
   * `image` is out of any transaction, and ends with a batch, as every committed one does. `voters` are those that
   * counted where it ends. `records` are those of the image, unless the snapshot is to say something else of it.
   */
  constructor(
    image: MetadataImage,
    voters: VoterSet,
    records: Generator<MetadataRecord, void, undefined> = imageToRecords(image),
  ) {
    const { epoch, timestampMs } = image.provenance;
    this.image = image;
    this.#records = records;
    this.#encoder = snapshotEncoder({
      epoch,
      lastContainedLogTimestampMs: timestampMs,
      timestampMs,
      voters: framedVoters(voters),
    });
  }

  get id(): SnapshotId {
    const { endOffset, epoch } = this.image.provenance;
    return { endOffset, epoch };
  }

  /** What is to be said of it when it is whole. */
  get stored(): StoredSnapshot {
    return { ...this.id, size: this.#size, timestampMs: this.image.provenance.timestampMs };
  }

  header(): Uint8Array {
    return this.#counted(this.#encoder.header());
  }

  /**
   * The batches that the next `recordsMax` records complete; with the footer, after which there is nothing, at the end.
   */
  slice(recordsMax: number): { readonly batches: readonly Uint8Array[]; readonly isLast: boolean } {
    const batches: Uint8Array[] = [];
    for (let count = 0; count < recordsMax; count += 1) {
      const next = this.#records.next();
      if (next.done === true) {
        this.#endBatch(batches);
        batches.push(this.#counted(this.#encoder.footer()));
        return { batches, isLast: true };
      }
      const value = encodeMetadataRecord(next.value);
      if (this.#batchBytes + this.#bytesOf(value) > BATCH_BYTES_MAX) this.#endBatch(batches);
      this.#batchBytes += this.#bytesOf(value);
      this.#values.push(value);
    }
    return { batches, isLast: false };
  }

  /** Of a record that comes next in its batch. */
  #bytesOf(value: Uint8Array): number {
    return dataRecordBytes(value.length, this.#values.length);
  }

  #endBatch(batches: Uint8Array[]): void {
    if (this.#values.length === 0) return;
    batches.push(this.#counted(this.#encoder.data(this.#values)));
    this.#values = [];
    this.#batchBytes = BATCH_HEADER_BYTES;
  }

  #counted(bytes: Uint8Array): Uint8Array {
    this.#size += bytes.length;
    return bytes;
  }
}
