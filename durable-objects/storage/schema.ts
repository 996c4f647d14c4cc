/**
 * The tables of a controller and how one version of them becomes the next. Each store declares its own
 * table; this file only brings a database up to date, in order, once per object start.
 *
 * `PRAGMA user_version` is refused by the platform, so the version lives in a table of its own.
 */
import { LOG_PARTS_TABLES } from "./log-parts.ts";
import { LOG_CUT, LOG_TABLES, VOTER_SETS_MARKED } from "./log-store.ts";
import { META_TABLES, STOPS_APART } from "./meta-store.ts";
import {
  HIGH_WATERMARK_STORED,
  JOINING_TABLES,
  QUORUM_TABLES,
  SLEEP_STORED,
} from "./quorum-store.ts";
import { SNAPSHOT_TABLES } from "./snapshot-store.ts";

/** Every migration that ever shipped, oldest first. One is never edited after a release. */
const MIGRATIONS: readonly (readonly string[])[] = [
  [...META_TABLES, ...QUORUM_TABLES, ...LOG_TABLES],
  STOPS_APART,
  VOTER_SETS_MARKED,
  HIGH_WATERMARK_STORED,
  [...LOG_CUT, ...LOG_PARTS_TABLES, ...SNAPSHOT_TABLES],
  JOINING_TABLES,
  SLEEP_STORED,
];

/** The version that this build reads and writes. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/** The version that a database has; null for an empty one. Writes nothing: a look leaves no database behind. */
export function schemaVersion(sql: SqlStorage): number | null {
  const tables = sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'migrations'").toArray();
  if (tables.length === 0) return null;
  const row = sql.exec("SELECT max(version) AS version FROM migrations").one();
  return Number(row["version"] ?? 0);
}

/** Applies what is missing, in one transaction. */
export function migrate(storage: DurableObjectStorage): void {
  storage.transactionSync(() => {
    storage.sql.exec("CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY) STRICT");
    const current = schemaVersion(storage.sql) ?? 0;
    for (const [index, statements] of MIGRATIONS.entries()) {
      const version = index + 1;
      if (version <= current) continue;
      for (const statement of statements) storage.sql.exec(statement);
      storage.sql.exec("INSERT INTO migrations (version) VALUES (?)", version);
    }
  });
}
