/**
 * The metadata records of a stored snapshot, read back some at a time: chunk after chunk, so that neither the snapshot
 * nor its records are ever in memory as a whole. Nothing is taken on trust: a snapshot is kept for a long time.
 *
 * Who reads it brings the chunks. What is wrong with them is a `DecodeError`; what is wrong with storage stays outside.
 */
import {
  DecodeError,
  decodeMetadataRecord,
  SnapshotReader,
  type MetadataRecord,
  type SnapshotFrame,
} from "../../src/protocol/index.ts";

export class StoredRecords {
  readonly #size: number;
  readonly #reader = new SnapshotReader();
  /** What is read and not yet taken, from `#taken` on. */
  #values: readonly Uint8Array[] = [];
  #taken = 0;
  #isWhole = false;

  /** `size` is that of the snapshot, in bytes. */
  constructor(size: number) {
    this.#size = size;
  }

  /** What the snapshot says of itself; null before its first chunk is there. */
  get frame(): SnapshotFrame | null {
    return this.#reader.frame;
  }

  /** Where the chunk begins that is wanted next; null while records wait to be taken, and at the end. */
  get wanted(): number | null {
    return this.#isWhole || this.#taken < this.#values.length ? null : this.#reader.position;
  }

  /** True when the snapshot was found whole and all its records are taken. */
  get isAtEnd(): boolean {
    return this.#isWhole && this.#taken === this.#values.length;
  }

  /** The bytes at `wanted`, to the end of their chunk; null where it has not the checksum that it was stored with. */
  feed(bytes: Uint8Array | null): void {
    const { position } = this.#reader;
    if (bytes === null) throw unsound("a chunk has changed since it was stored", position);
    if (bytes.length === 0 || position + bytes.length > this.#size)
      throw unsound(`there are other than ${this.#size} bytes`, position + bytes.length);
    this.#values = this.#reader.push(bytes).flatMap((batch) => batch.values);
    this.#taken = 0;
    if (this.#reader.position < this.#size) return;
    this.#reader.end();
    this.#isWhole = true;
  }

  /** The next records, at most `recordsMax` of them; none while a chunk is wanted. */
  take(recordsMax: number): readonly MetadataRecord[] {
    const values = this.#values.slice(this.#taken, this.#taken + recordsMax);
    this.#taken += values.length;
    return values.map(decodeMetadataRecord);
  }
}

const unsound = (reason: string, at: number): DecodeError =>
  new DecodeError(reason, at, { api: "Snapshot", version: 0 });
