/**
 * Snapshots in tables: of any number of bytes, in chunks of which none is too large a row; a chunk that is not what was
 * written, by a bit, is not read; what is dropped goes row by row.
 */
import { runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { SqlSnapshotStore } from "../../durable-objects/storage/snapshot-store.ts";
import { migrate } from "../../durable-objects/storage/schema.ts";
import type { StoredSnapshot } from "../../src/raft/index.ts";
import { clusterOf, stubOf } from "./quorum.ts";

const MEBIBYTE = 1024 * 1024;

interface Made {
  readonly snapshots: SqlSnapshotStore;
  readonly sql: SqlStorage;
  readonly storage: DurableObjectStorage;
}

/** Runs a test over the empty snapshots of an object of its own. */
const withSnapshots = (clusterId: string, run: (made: Made) => void): Promise<void> =>
  runInDurableObject(stubOf(clusterOf(clusterId, 1), 3000), (_, { storage }) => {
    migrate(storage);
    run({ snapshots: new SqlSnapshotStore(storage.sql), sql: storage.sql, storage });
  });

function bytesOf(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 1) bytes[at] = (at * 31) ^ (at >>> 8);
  return bytes;
}

/** Stores a whole one, appended in pieces of those sizes. */
function stored(snapshots: SqlSnapshotStore, endOffset: number, pieces: readonly number[]) {
  const size = pieces.reduce((sum, each) => sum + each, 0);
  const snapshot: StoredSnapshot = { endOffset, epoch: 3, size, timestampMs: 5 };
  const bytes = bytesOf(size);
  snapshots.begin("made", snapshot);
  let position = 0;
  for (const piece of pieces) {
    snapshots.append("made", bytes.subarray(position, position + piece));
    position += piece;
  }
  snapshots.complete("made", snapshot);
  return { snapshot, bytes };
}

/** Reads all of it, as often as it takes. */
function readWhole(snapshots: SqlSnapshotStore, id: StoredSnapshot): readonly Uint8Array[] {
  const read: Uint8Array[] = [];
  for (let position = 0; position < id.size;) {
    const bytes = snapshots.read({ id, position, maxBytes: 10 * MEBIBYTE });
    if (bytes === null) throw new Error(`damaged at ${position}`);
    read.push(bytes);
    position += bytes.byteLength;
  }
  return read;
}

const rowsIn = (sql: SqlStorage, table: string): number =>
  Number(sql.exec(`SELECT count(*) AS rows FROM ${table}`).one()["rows"]);

test("is read as it was written, whatever the pieces, to the end of one chunk at a time", async () => {
  await withSnapshots("AAAAAAAAAAAAAAAAAAAAv1", ({ snapshots }) => {
    const pieces = [1, MEBIBYTE - 1, MEBIBYTE, MEBIBYTE + 1, 0, 3 * MEBIBYTE + 7];
    const { snapshot, bytes } = stored(snapshots, 10, pieces);
    const read = readWhole(snapshots, snapshot);
    const sizes = [1, MEBIBYTE - 1, MEBIBYTE, MEBIBYTE, 1, MEBIBYTE, MEBIBYTE, MEBIBYTE, 7];
    expect(read.map(({ byteLength }) => byteLength)).toEqual(sizes);
    let position = 0;
    for (const chunk of read)
      for (const byte of chunk) if (byte !== bytes[position++]) throw new Error(`at ${position}`);
    const range = { id: snapshot, position: MEBIBYTE + 5, maxBytes: 3 };
    expect(snapshots.read(range)).toEqual(bytes.slice(MEBIBYTE + 5, MEBIBYTE + 8));
    const rest = snapshots.read({ ...range, maxBytes: 10 * MEBIBYTE });
    expect(rest?.byteLength).toBe(MEBIBYTE - 5);
  });
});

test("a flipped bit is found, in that chunk and in no other", async () => {
  await withSnapshots("AAAAAAAAAAAAAAAAAAAAv2", ({ snapshots, sql }) => {
    const { snapshot } = stored(snapshots, 10, [100, 100, 100]);
    const second = sql.exec<{ id: number; bytes: ArrayBuffer }>(
      "SELECT id, bytes FROM snapshot_chunks ORDER BY id LIMIT 1 OFFSET 1",
    );
    const { id, bytes } = second.one();
    for (const at of [0, 50, 99]) {
      const flipped = Uint8Array.from(new Uint8Array(bytes));
      flipped[at] = (flipped[at] ?? 0) ^ 0x10;
      sql.exec("UPDATE snapshot_chunks SET bytes = ? WHERE id = ?", flipped, id);
      const read = [99, 100, 150, 199, 200].map(
        (position) => snapshots.read({ id: snapshot, position, maxBytes: 1 }) !== null,
      );
      expect(read).toEqual([true, false, false, false, true]);
    }
  });
});

test.each([
  [
    "cut off",
    "UPDATE snapshot_chunks SET bytes = substr(bytes, 1, 60) WHERE id % 4294967296 = 100",
  ],
  ["gone", "DELETE FROM snapshot_chunks WHERE id % 4294967296 = 100"],
])("a chunk that is %s is found", async (what, statement) => {
  await withSnapshots(`AAAAAAAAAAAAAAAAA-${what.slice(0, 4)}`, ({ snapshots, sql }) => {
    const { snapshot } = stored(snapshots, 10, [100, 100, 100]);
    sql.exec(statement);
    const read = [0, 150, 170, 250].map(
      (position) => snapshots.read({ id: snapshot, position, maxBytes: 1 }) !== null,
    );
    expect(read).toEqual([true, false, false, true]);
  });
});

test("one that is not whole is read by its kind alone, and what was begun before is dropped", async () => {
  await withSnapshots("AAAAAAAAAAAAAAAAAAAAv3", ({ snapshots, sql }) => {
    snapshots.begin("fetched", { endOffset: 5, epoch: 1 });
    snapshots.append("fetched", bytesOf(10));
    snapshots.begin("made", { endOffset: 5, epoch: 1 });
    snapshots.append("made", bytesOf(20));
    snapshots.begin("fetched", { endOffset: 9, epoch: 2 });
    expect(snapshots.list()).toEqual([]);
    expect(snapshots.readUnfinished("fetched", 0)).toEqual(new Uint8Array(0));
    snapshots.append("fetched", bytesOf(30));
    expect(snapshots.readUnfinished("fetched", 25)).toEqual(bytesOf(30).slice(25));
    expect(snapshots.readUnfinished("made", 19)).toEqual(bytesOf(20).slice(19));
    expect(snapshots.readUnfinished("made", 20)).toEqual(new Uint8Array(0));
    while (!snapshots.sweep(1));
    expect([rowsIn(sql, "snapshots"), rowsIn(sql, "snapshot_chunks")]).toEqual([2, 2]);
  });
});

test("is whole only as what was begun, with all its bytes, and once", async () => {
  await withSnapshots("AAAAAAAAAAAAAAAAAAAAv4", ({ snapshots }) => {
    const { snapshot } = stored(snapshots, 10, [5]);
    expect(() => snapshots.complete("made", snapshot)).toThrow("no snapshot is being made");
    expect(() => snapshots.append("fetched", bytesOf(1))).toThrow("no snapshot is being fetched");
    snapshots.begin("made", snapshot);
    snapshots.append("made", bytesOf(4));
    expect(() => snapshots.complete("made", { ...snapshot, epoch: 4 })).toThrow("10-3, not 10-4");
    expect(() => snapshots.complete("made", snapshot)).toThrow("of 5 bytes has 4");
    snapshots.append("made", bytesOf(1));
    expect(() => snapshots.complete("made", snapshot)).toThrow("is whole already");
    expect(snapshots.list()).toEqual([snapshot]);
    const other = { endOffset: 10, epoch: 4 };
    expect(() => snapshots.read({ id: other, position: 0, maxBytes: 1 })).toThrow(
      "there is no byte 0 of a snapshot 10-4",
    );
    expect(() => snapshots.read({ id: snapshot, position: 5, maxBytes: 1 })).toThrow("no byte 5");
  });
});

test("one that is dropped is gone at once; its rows go later, and its number is not given again before", async () => {
  await withSnapshots("AAAAAAAAAAAAAAAAAAAAv5", ({ snapshots, sql, storage }) => {
    stored(snapshots, 10, [5, 5]);
    stored(snapshots, 20, [5, 5]);
    const newest = stored(snapshots, 30, [5, 5]);
    expect(() =>
      storage.transactionSync(() => {
        snapshots.dropBelow(30);
        snapshots.sweep(3);
        throw new Error("refused");
      }),
    ).toThrow("refused");
    expect(snapshots.list().map(({ endOffset }) => endOffset)).toEqual([10, 20, 30]);
    snapshots.dropBelow(30);
    expect(snapshots.list()).toEqual([newest.snapshot]);
    const left: number[][] = [];
    for (let isSwept = false; !isSwept;) {
      isSwept = snapshots.sweep(2);
      // What is written meanwhile does not lie among the remains.
      stored(snapshots, 100 + left.length, [3]);
      left.push([rowsIn(sql, "snapshots"), rowsIn(sql, "snapshot_chunks")]);
    }
    expect(left).toEqual([
      [4, 5],
      [4, 5],
      [4, 5],
    ]);
    expect(readWhole(snapshots, newest.snapshot)).toHaveLength(2);
    expect(snapshots.sweep(2)).toBe(true);
  });
});

test("a large one goes in several slices", async () => {
  await withSnapshots("AAAAAAAAAAAAAAAAAAAAv6", ({ snapshots, sql }) => {
    stored(snapshots, 10, [40 * MEBIBYTE]);
    snapshots.dropBelow(11);
    const left: number[] = [];
    for (let isSwept = false; !isSwept; left.push(rowsIn(sql, "snapshot_chunks")))
      isSwept = snapshots.sweep(1_000);
    expect(left).toEqual([24, 8, 0]);
  });
});
