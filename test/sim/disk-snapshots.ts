/** The snapshots of a simulated disk: one version of its contents, with the answers that the tables give. */
import type { SnapshotStore, UnfinishedSnapshot } from "../../durable-objects/replica/ports.ts";
import { crc32c } from "../../src/protocol/index.ts";
import { SNAPSHOT_BYTES_MAX, type SnapshotId, type StoredSnapshot } from "../../src/raft/index.ts";
import { joinedBytes } from "../../src/std/joined-bytes.ts";
import { assert } from "../../src/std/assert.ts";

type Unfinished = UnfinishedSnapshot;

/** Some rows written or removed. */
export type SnapshotWrite =
  | { readonly kind: "snapshot-begin"; readonly which: Unfinished; readonly id: SnapshotId }
  | { readonly kind: "snapshot-append"; readonly which: Unfinished; readonly bytes: Uint8Array }
  | {
      readonly kind: "snapshot-complete";
      readonly which: Unfinished;
      readonly snapshot: StoredSnapshot;
    }
  | { readonly kind: "snapshot-abandon"; readonly which: Unfinished }
  /** The disk has changed a byte of what was stored last of the one that is fetched. */
  | { readonly kind: "snapshot-change"; readonly at: number }
  | { readonly kind: "snapshots-drop"; readonly belowOffset: number }
  | { readonly kind: "snapshots-sweep"; readonly rowsMax: number };

interface Chunk {
  readonly position: number;
  readonly crc: number;
  readonly bytes: Uint8Array;
}

interface Row extends StoredSnapshot {
  readonly state: Unfinished | "whole" | "dropped";
  readonly chunks: readonly Chunk[];
}

export class SnapshotContents {
  #rows: readonly Row[] = [];
  readonly #chunkBytesMax: number;

  constructor(chunkBytesMax: number) {
    this.#chunkBytesMax = chunkBytesMax;
  }

  apply(write: SnapshotWrite): void {
    switch (write.kind) {
      case "snapshot-begin":
        this.#drop(({ state }) => state === write.which);
        this.#rows = [
          ...this.#rows,
          { ...write.id, size: 0, timestampMs: 0, state: write.which, chunks: [] },
        ];
        return;
      case "snapshot-append":
        return this.#append(this.begun(write.which), write.bytes);
      case "snapshot-complete":
        return this.#complete(this.begun(write.which), write.snapshot);
      case "snapshot-abandon":
        return this.#drop(({ state }) => state === write.which);
      case "snapshot-change":
        return this.#change(this.begun("fetched"), write.at);
      case "snapshots-drop":
        return this.#drop(
          ({ state, endOffset }) => state === "whole" && endOffset < write.belowOffset,
        );
      case "snapshots-sweep":
        this.#sweep(write.rowsMax);
    }
  }

  copyFrom(other: SnapshotContents): void {
    this.#rows = other.#rows;
  }

  get whole(): readonly Row[] {
    return this.#rows
      .filter(({ state }) => state === "whole")
      .toSorted((one, other) => one.endOffset - other.endOffset);
  }

  get hasGarbage(): boolean {
    return this.#rows.some(({ state }) => state === "dropped");
  }

  has(which: Unfinished): boolean {
    return this.#rows.some(({ state }) => state === which);
  }

  begun(which: Unfinished): Row {
    const row = this.#rows.find(({ state }) => state === which);
    assert(row !== undefined, `no snapshot is being ${which}`);
    return row;
  }

  wholeOf(id: SnapshotId): Row | undefined {
    return this.whole.find((row) => isSame(row, id));
  }

  /** All bytes of a whole one, whatever their checksums; null when there is none. */
  bytesOf(id: SnapshotId): Uint8Array | null {
    const row = this.wholeOf(id);
    return row === undefined ? null : joinedBytes(row.chunks.map(({ bytes }) => bytes));
  }

  #append(row: Row, bytes: Uint8Array): void {
    const chunks = [...row.chunks];
    for (let at = 0; at < bytes.byteLength; at += this.#chunkBytesMax) {
      // The caller may go on to write where these bytes lie.
      const chunk = bytes.slice(at, at + this.#chunkBytesMax);
      chunks.push({ position: sizeOf({ chunks }), crc: crc32c(chunk), bytes: chunk });
    }
    this.#replace(row, { ...row, chunks });
  }

  #change(row: Row, at: number): void {
    const last = row.chunks.at(-1);
    if (last === undefined) return;
    const bytes = withChangedByte(last.bytes, at);
    this.#replace(row, { ...row, chunks: [...row.chunks.slice(0, -1), { ...last, bytes }] });
  }

  #complete(row: Row, snapshot: StoredSnapshot): void {
    assert(isSame(row, snapshot), "another snapshot was begun");
    assert(sizeOf(row) === snapshot.size, `a snapshot of ${sizeOf(row)} bytes`);
    assert(this.wholeOf(snapshot) === undefined, "it is whole already");
    this.#replace(row, { ...row, ...snapshot, state: "whole" });
  }

  #drop(isMeant: (row: Row) => boolean): void {
    this.#rows = this.#rows.map((row) => (isMeant(row) ? { ...row, state: "dropped" } : row));
  }

  #replace(row: Row, by: Row): void {
    this.#rows = this.#rows.map((other) => (other === row ? by : other));
  }

  #sweep(rowsMax: number): void {
    let left = rowsMax;
    const kept: Row[] = [];
    for (const row of this.#rows) {
      if (row.state !== "dropped") kept.push(row);
      // The row of the snapshot goes last.
      else if (row.chunks.length < left) left -= row.chunks.length + 1;
      else {
        kept.push({ ...row, chunks: row.chunks.slice(left) });
        left = 0;
      }
    }
    this.#rows = kept;
  }
}

/** A copy of some bytes, of which one is another. */
export function withChangedByte(bytes: Uint8Array, at: number): Uint8Array {
  const changed = bytes.slice();
  const index = at % bytes.length;
  changed[index] = (bytes[index] ?? 0) ^ (1 << (at % 8));
  return changed;
}

const isSame = (one: SnapshotId, other: SnapshotId): boolean =>
  one.endOffset === other.endOffset && one.epoch === other.epoch;

function sizeOf({ chunks }: Pick<Row, "chunks">): number {
  const last = chunks.at(-1);
  return last === undefined ? 0 : last.position + last.bytes.byteLength;
}

function readChunk({ chunks }: Row, position: number): Uint8Array | null {
  const chunk = chunks.findLast((each) => each.position <= position);
  if (chunk === undefined || crc32c(chunk.bytes) !== chunk.crc) return null;
  return chunk.bytes.subarray(position - chunk.position);
}

/** The port over contents that `write` changes. */
export function snapshotStoreOf(
  contents: SnapshotContents,
  chunkBytesMax: number,
  write: (one: SnapshotWrite) => void,
): SnapshotStore {
  return {
    chunkBytesMax,
    snapshotBytesMax: SNAPSHOT_BYTES_MAX,
    list: () =>
      contents.whole.map(({ endOffset, epoch, size, timestampMs }) => ({
        endOffset,
        epoch,
        size,
        timestampMs,
      })),
    begin: (which, id) => write({ kind: "snapshot-begin", which, id }),
    append: (which, bytes) => write({ kind: "snapshot-append", which, bytes }),
    complete: (which, snapshot) => write({ kind: "snapshot-complete", which, snapshot }),
    abandon(which) {
      if (contents.has(which)) write({ kind: "snapshot-abandon", which });
    },
    dropBelow: (belowOffset) => write({ kind: "snapshots-drop", belowOffset }),
    read({ id, position, maxBytes }) {
      const row = contents.wholeOf(id);
      assert(row !== undefined && position < row.size, `no byte ${position} of that snapshot`);
      return readChunk(row, position)?.subarray(0, maxBytes) ?? null;
    },
    readUnfinished(which, position) {
      const row = contents.begun(which);
      return position < sizeOf(row) ? readChunk(row, position) : new Uint8Array(0);
    },
    sweep(rowsMax) {
      if (contents.hasGarbage && rowsMax > 0) write({ kind: "snapshots-sweep", rowsMax });
      return !contents.hasGarbage;
    },
  };
}
