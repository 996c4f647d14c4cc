/**
 * What an earlier build stored is still there: a database of every version that ever shipped is brought up to date with
 * its contents. The shapes are written down here a second time, as they shipped.
 */
import { runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { SqlLogStore } from "../../durable-objects/storage/log-store.ts";
import { SqlQuorumStore } from "../../durable-objects/storage/quorum-store.ts";
import { migrate, SCHEMA_VERSION, schemaVersion } from "../../durable-objects/storage/schema.ts";
import { SqlSnapshotStore } from "../../durable-objects/storage/snapshot-store.ts";
import { clusterOf, stubOf } from "./quorum.ts";

/** The statements of each version, oldest first. */
const SHIPPED: readonly (readonly string[])[] = [
  [
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    `CREATE TABLE quorum (one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL,
       leader_id INTEGER, voted_id INTEGER, voted_directory_id TEXT) STRICT`,
    `CREATE TABLE log (base_offset INTEGER PRIMARY KEY, last_offset INTEGER NOT NULL,
       epoch INTEGER NOT NULL, control INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT`,
    "CREATE INDEX log_control ON log (base_offset) WHERE control = 1",
    "CREATE TABLE epochs (epoch INTEGER PRIMARY KEY, start_offset INTEGER NOT NULL) STRICT",
  ],
  [],
  ["DROP INDEX log_control", "CREATE INDEX log_voter_sets ON log (base_offset) WHERE control = 2"],
  ["ALTER TABLE quorum ADD COLUMN high_watermark INTEGER"],
  [
    `CREATE TABLE log_start (one INTEGER PRIMARY KEY CHECK (one = 1), start_offset INTEGER NOT NULL,
       position INTEGER NOT NULL) STRICT`,
    "INSERT INTO log_start (one, start_offset, position) VALUES (1, 0, 0)",
    "ALTER TABLE log ADD COLUMN position INTEGER NOT NULL DEFAULT 0",
    "CREATE TABLE log_parts (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT",
    `CREATE TABLE snapshots (serial INTEGER PRIMARY KEY, end_offset INTEGER NOT NULL,
       epoch INTEGER NOT NULL, size INTEGER NOT NULL DEFAULT 0, timestamp_ms INTEGER NOT NULL DEFAULT 0,
       state TEXT NOT NULL CHECK (state IN ('made', 'fetched', 'whole', 'dropped'))) STRICT`,
    `CREATE TABLE snapshot_chunks (id INTEGER PRIMARY KEY, crc INTEGER NOT NULL,
       bytes BLOB NOT NULL) STRICT`,
  ],
  ["CREATE TABLE joining (one INTEGER PRIMARY KEY CHECK (one = 1)) STRICT"],
];

/** From this version on a batch says how many bytes lie before it. */
const POSITIONS_SINCE = 5;

/** A database as the build of that version made it, with a log of those batches. */
function madeBy(version: number, sql: SqlStorage, sizes: readonly number[]): void {
  sql.exec("CREATE TABLE migrations (version INTEGER PRIMARY KEY) STRICT");
  for (let each = 1; each <= version; each += 1) {
    for (const statement of SHIPPED[each - 1] ?? []) sql.exec(statement);
    sql.exec("INSERT INTO migrations (version) VALUES (?)", each);
  }
  sql.exec("INSERT INTO quorum (one, epoch, leader_id) VALUES (1, 7, 3000)");
  sql.exec("INSERT INTO epochs (epoch, start_offset) VALUES (2, 0), (7, 6)");
  for (const [index, size] of sizes.entries()) {
    const bytes = new Uint8Array(size).fill(index);
    // The first batch has a voter set.
    if (index === 0) bytes.set([0, 0, 0, 6], 50);
    const control = index > 0 ? 0 : version < 3 ? 1 : 2;
    sql.exec(
      "INSERT INTO log (base_offset, last_offset, epoch, control, bytes) VALUES (?, ?, ?, ?, ?)",
      3 * index,
      3 * index + 2,
      index < 2 ? 2 : 7,
      control,
      bytes,
    );
  }
  if (version < POSITIONS_SINCE) return;
  sql.exec(
    `UPDATE log SET position =
       (SELECT coalesce(sum(length(bytes)), 0) FROM log AS before WHERE before.base_offset < log.base_offset)`,
  );
}

const versions = SHIPPED.map((_, index) => index + 1);

test("the versions below this build's are those", () => {
  expect(SCHEMA_VERSION).toBe(versions.length + 1);
});

// The first builds put up to 2 MB into one row.
const SIZES = [100, 1_900_000, 1_048_576, 1];

test.each(versions)("a database of version %i is brought up to date", async (version) => {
  const stub = stubOf(clusterOf(`AAAAAAAAAAAAAAAAAAAAu${version}`, 1), 3000);
  await runInDurableObject(stub, (_, { storage }) => {
    madeBy(version, storage.sql, SIZES);
    migrate(storage);
    expect(schemaVersion(storage.sql)).toBe(SCHEMA_VERSION);
    const log = new SqlLogStore(storage.sql);
    const read = log.read({ from: 0, upTo: 12, maxBytes: 10_000_000 });
    expect(
      read.map(({ baseOffset, lastOffset, epoch, bytes }) => ({
        offsets: [baseOffset, lastOffset],
        epoch,
        bytes: [bytes.byteLength, bytes[0]],
      })),
    ).toEqual([
      { offsets: [0, 2], epoch: 2, bytes: [100, 0] },
      { offsets: [3, 5], epoch: 2, bytes: [1_900_000, 1] },
      { offsets: [6, 8], epoch: 7, bytes: [1_048_576, 2] },
      { offsets: [9, 11], epoch: 7, bytes: [1, 3] },
    ]);
    expect([log.startOffset(), log.endOffset()]).toEqual([0, 12]);
    expect(log.epochStarts()).toHaveLength(2);
    expect(log.controlBatches().map(({ baseOffset }) => baseOffset)).toEqual([0]);
    // Where they were not counted, all bytes are the first batch's, but for those of the last.
    const bytesFrom = (offset: number) =>
      log.bytesBefore(log.endOffset()) - log.bytesBefore(offset);
    expect([0, 3, 6, 9, 12].map(bytesFrom)).toEqual(
      version < POSITIONS_SINCE ? [2_948_677, 1, 1, 1, 0] : [2_948_677, 2_948_577, 1_048_577, 1, 0],
    );
    expect(new SqlQuorumStore(storage.sql).read()).toMatchObject({ epoch: 7, leaderId: 3000 });
    expect(new SqlSnapshotStore(storage.sql).list()).toEqual([]);
    // It goes on as any other.
    const bytes = new Uint8Array(3_000_000).fill(9);
    log.append({ baseOffset: 12, lastOffset: 12, epoch: 7, control: false, bytes });
    log.moveStart(6);
    while (!log.sweep(1));
    expect(bytesFrom(12)).toBe(3_000_000);
    expect(log.read({ from: 0, upTo: 13, maxBytes: 10_000_000 })).toHaveLength(3);
    migrate(storage);
    expect([log.startOffset(), log.endOffset()]).toEqual([6, 13]);
  });
});

test.each(versions)("an empty log of version %i stays empty", async (version) => {
  const stub = stubOf(clusterOf(`AAAAAAAAAAAAAAAAAAAAt${version}`, 1), 3000);
  await runInDurableObject(stub, (_, { storage }) => {
    madeBy(version, storage.sql, []);
    migrate(storage);
    const log = new SqlLogStore(storage.sql);
    expect([log.startOffset(), log.endOffset(), log.bytesBefore(0)]).toEqual([0, 0, 0]);
  });
});
