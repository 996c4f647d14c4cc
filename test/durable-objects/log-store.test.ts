/**
 * The log in tables: batches of every size up to Kafka's largest, which no row holds; a start that moves, and rows
 * below it that are not there any more and go a few at a time.
 */
import { runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { SqlLogStore } from "../../durable-objects/storage/log-store.ts";
import { migrate } from "../../durable-objects/storage/schema.ts";
import { BATCH_BYTES_MAX } from "../../src/protocol/index.ts";
import { clusterOf, stubOf } from "./quorum.ts";

const MEBIBYTE = 1024 * 1024;

interface Made {
  readonly log: SqlLogStore;
  readonly sql: SqlStorage;
  readonly storage: DurableObjectStorage;
}

/** Runs a test over an empty log of an object of its own. */
const withLog = (clusterId: string, run: (made: Made) => void): Promise<void> =>
  runInDurableObject(stubOf(clusterOf(clusterId, 1), 3000), (_, { storage }) => {
    migrate(storage);
    run({ log: new SqlLogStore(storage.sql), sql: storage.sql, storage });
  });

/** Bytes that differ from place to place and from seed to seed. */
function bytesOf(size: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += 997) bytes[at] = at + seed;
  if (size > 0) bytes[size - 1] = seed;
  return bytes;
}

/** Appends one batch with that many bytes, of one record. */
function append(log: SqlLogStore, size: number, control = false): Uint8Array {
  const baseOffset = log.endOffset();
  const bytes = bytesOf(size, baseOffset + 1);
  log.append({ baseOffset, lastOffset: baseOffset, epoch: 1, control, bytes });
  return bytes;
}

const rowsIn = (sql: SqlStorage, table: string): number =>
  Number(sql.exec(`SELECT count(*) AS rows FROM ${table}`).one()["rows"]);

const longestRow = (sql: SqlStorage): number =>
  Number(
    sql
      .exec(
        `SELECT max(size) AS size FROM (
           SELECT length(bytes) AS size FROM log UNION ALL SELECT length(bytes) FROM log_parts)`,
      )
      .one()["size"],
  );

/** Sizes around each bound of a row, up to the largest batch. */
const SIZES = Array.from({ length: 8 }, (_, part) => (part + 1) * MEBIBYTE).flatMap((bound) =>
  [bound - 1, bound, bound + 1].filter((size) => size <= BATCH_BYTES_MAX),
);

test.each(SIZES)("a batch of %i bytes is read as it was written", async (size) => {
  await withLog(`AAAAAAAAAAAAAAAAAAA${size}`.slice(-22), ({ log, sql }) => {
    append(log, 10);
    const bytes = append(log, size);
    append(log, 10);
    expect(longestRow(sql)).toBeLessThanOrEqual(MEBIBYTE);
    expect(rowsIn(sql, "log_parts")).toBe(Math.ceil(size / MEBIBYTE) - 1);
    const [first, large, last, ...rest] = log.read({ from: 0, upTo: 3, maxBytes: size + 20 });
    expect(rest).toEqual([]);
    expect([first?.bytes.byteLength, last?.bytes.byteLength]).toEqual([10, 10]);
    expect(isSame(large?.bytes, bytes)).toBe(true);
    // One byte fewer, and the last does not fit; the large one alone comes whole whatever was asked for.
    expect(log.read({ from: 0, upTo: 3, maxBytes: size + 19 })).toHaveLength(2);
    expect(log.read({ from: 0, upTo: 3, maxBytes: size + 9 })).toHaveLength(1);
    const [alone, ...more] = log.read({ from: 1, upTo: 3, maxBytes: 1 });
    expect(more).toEqual([]);
    expect(isSame(alone?.bytes, bytes)).toBe(true);
    expect(log.bytesBefore(2) - log.bytesBefore(1)).toBe(size);
    expect(log.bytesBefore(3) - log.bytesBefore(0)).toBe(size + 20);
  });
});

/** Compared byte by byte, without the text that a failing `toEqual` would make of megabytes. */
function isSame(one: Uint8Array | undefined, other: Uint8Array): boolean {
  if (one?.byteLength !== other.byteLength) return false;
  return one.every((byte, at) => byte === other[at]);
}

test("a batch over Kafka's limit is refused", async () => {
  await withLog("AAAAAAAAAAAAAAAAAAAAz1", ({ log, sql }) => {
    expect(() => append(log, BATCH_BYTES_MAX + 1)).toThrow("the limit is 8388608");
    expect([rowsIn(sql, "log"), rowsIn(sql, "log_parts")]).toEqual([0, 0]);
  });
});

test("a control batch may span rows as well, and its voter set is found wherever it stands", async () => {
  await withLog("AAAAAAAAAAAAAAAAAAAAz2", ({ log }) => {
    const bytes = new Uint8Array(3 * MEBIBYTE);
    bytes.set([0, 0, 0, 6], 2 * MEBIBYTE + 7);
    log.append({ baseOffset: 0, lastOffset: 0, epoch: 1, control: true, bytes });
    append(log, 5, true);
    const [found, ...others] = log.controlBatches();
    expect(others).toEqual([]);
    expect(isSame(found?.bytes, bytes)).toBe(true);
  });
});

test("what is truncated goes with all its rows", async () => {
  await withLog("AAAAAAAAAAAAAAAAAAAAz3", ({ log, sql }) => {
    const kept = append(log, 2 * MEBIBYTE);
    append(log, 3 * MEBIBYTE);
    append(log, 10);
    log.truncateTo(1);
    expect([rowsIn(sql, "log"), rowsIn(sql, "log_parts")]).toEqual([1, 1]);
    // Another batch takes its place, with fewer rows.
    const again = append(log, MEBIBYTE + 1);
    const read = log.read({ from: 0, upTo: 2, maxBytes: BATCH_BYTES_MAX });
    expect(read.map(({ bytes }, at) => isSame(bytes, [kept, again][at] ?? bytes))).toEqual([
      true,
      true,
    ]);
  });
});

test("a transaction that fails leaves none of a batch's rows", async () => {
  await withLog("AAAAAAAAAAAAAAAAAAAAz4", ({ log, sql, storage }) => {
    append(log, 10);
    expect(() =>
      storage.transactionSync(() => {
        append(log, 2 * MEBIBYTE);
        log.moveStart(1);
        log.sweep(10);
        throw new Error("refused");
      }),
    ).toThrow("refused");
    expect([rowsIn(sql, "log"), rowsIn(sql, "log_parts")]).toEqual([1, 0]);
    expect([log.startOffset(), log.endOffset()]).toEqual([0, 1]);
  });
});

test("a log that restarts within a batch shows nothing of it, and goes on from there", async () => {
  await withLog("AAAAAAAAAAAAAAAAAAAAz5", ({ log, sql }) => {
    append(log, 10);
    const bytes = bytesOf(2 * MEBIBYTE, 3);
    log.append({ baseOffset: 1, lastOffset: 9, epoch: 1, control: false, bytes });
    append(log, 10);
    log.writeEpochStart({ epoch: 1, startOffset: 0 });
    const bytesBefore = log.bytesBefore(11);
    log.restartAt(5);
    // The zero from which bytes are counted is where it was.
    expect(log.bytesBefore(5)).toBe(bytesBefore);
    expect([log.startOffset(), log.endOffset()]).toEqual([5, 5]);
    expect(log.epochStarts()).toEqual([]);
    expect(log.read({ from: 0, upTo: 100, maxBytes: BATCH_BYTES_MAX })).toEqual([]);
    expect([log.isBoundary(1), log.isBoundary(5), log.isBoundary(10)]).toEqual([
      false,
      true,
      false,
    ]);
    append(log, 10);
    expect(log.read({ from: 0, upTo: 100, maxBytes: 100 }).map((each) => each.baseOffset)).toEqual([
      5,
    ]);
    while (!log.sweep(1));
    expect([rowsIn(sql, "log"), rowsIn(sql, "log_parts")]).toEqual([1, 0]);
    expect(log.endOffset()).toBe(6);
  });
});

test("a start cannot move back, into a batch, or beyond the end", async () => {
  await withLog("AAAAAAAAAAAAAAAAAAAAz6", ({ log }) => {
    append(log, 10);
    log.append({ baseOffset: 1, lastOffset: 4, epoch: 1, control: false, bytes: bytesOf(10, 1) });
    append(log, 10);
    log.moveStart(1);
    for (const offset of [0, 3, 7]) expect(() => log.moveStart(offset)).toThrow("cannot begin at");
    expect(() => log.restartAt(0)).toThrow("cannot begin at 0");
    expect(() => log.truncateTo(0)).toThrow("the log begins at 1");
    expect([log.startOffset(), log.endOffset()]).toEqual([1, 6]);
  });
});

test("rows below the start go so many at a time, and by their bytes", async () => {
  await withLog("AAAAAAAAAAAAAAAAAAAAz7", ({ log, sql }) => {
    const rows = () => rowsIn(sql, "log") + rowsIn(sql, "log_parts");
    for (let at = 0; at < 2_500; at += 1) append(log, 200);
    for (let at = 0; at < 5; at += 1) append(log, BATCH_BYTES_MAX);
    append(log, 10);
    expect(log.sweep(1_000)).toBe(true);
    log.moveStart(2_500);
    expect([log.sweep(1_000), rows()]).toEqual([false, 1_500 + 41]);
    expect([log.sweep(1_000), rows()]).toEqual([false, 500 + 41]);
    expect([log.sweep(1_000), rows()]).toEqual([true, 41]);
    log.moveStart(2_505);
    const left: number[] = [];
    for (let isSwept = false; !isSwept; left.push(rows())) isSwept = log.sweep(1_000);
    expect(left.length).toBeGreaterThan(2);
    expect(left.at(-1)).toBe(1);
    expect(log.read({ from: 0, upTo: 3_000, maxBytes: 100 })).toHaveLength(1);
  });
});
