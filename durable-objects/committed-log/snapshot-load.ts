/**
 * The metadata in a stored snapshot while it is loaded, a slice an event. Its image is nobody's to see before its end:
 * there is no offset at which half of a snapshot was true.
 */
import { applyRecords, emptyImage, type MetadataImage } from "../../src/metadata/index.ts";
import { assert } from "../../src/std/assert.ts";
import type { StoredSnapshot } from "../../src/raft/index.ts";
import { StoredRecords } from "../snapshots/stored-records.ts";
import type { SnapshotStore } from "../replica/ports.ts";
import { readable } from "./readable.ts";

/** A partition takes 4 to 5 µs: a slice some 10 ms. Counted and not timed, as a slice of a replay is. */
const SLICE_RECORDS = 2_000;
/** More than any range of a chunk: reads go to the end of theirs. */
const TO_THE_END = Number.MAX_SAFE_INTEGER;

export class SnapshotLoad {
  readonly snapshot: StoredSnapshot;
  readonly #snapshots: Pick<SnapshotStore, "read">;
  readonly #records: StoredRecords;
  #image: MetadataImage = emptyImage;

  constructor(snapshot: StoredSnapshot, snapshots: Pick<SnapshotStore, "read">) {
    this.snapshot = snapshot;
    this.#snapshots = snapshots;
    this.#records = new StoredRecords(snapshot.size);
  }

  /** Loads one slice; the image once it is whole, null before. */
  slice(): MetadataImage | null {
    const { endOffset, epoch, timestampMs } = this.snapshot;
    const { wanted } = this.#records;
    const chunk = wanted === null ? null : this.#readFrom(wanted);
    return readable(`the snapshot ${endOffset}-${epoch}`, () => {
      if (wanted !== null) this.#records.feed(chunk);
      const records = this.#records.take(SLICE_RECORDS);
      this.#image = applyRecords(this.#image, records, { endOffset, epoch, timestampMs });
      if (!this.#records.isAtEnd) return null;
      assert(this.#records.frame?.epoch === epoch, "its header is that of another");
      return this.#image;
    });
  }

  #readFrom(position: number): Uint8Array | null {
    return this.#snapshots.read({ id: this.snapshot, position, maxBytes: TO_THE_END });
  }
}
