/**
 * ZkMigrationStateRecord, v0 (KIP-866). How far a migration from ZooKeeper has come; read from old logs, never written.
 */
import { int8 } from "../schema/field.ts";
import type { ValueOf } from "../schema/message.ts";
import { record } from "../schema/record.ts";

export const ZkMigrationStateRecord = record(
  {
    key: 21,
    name: "ZkMigrationStateRecord",
    type: "ZK_MIGRATION_STATE_RECORD",
    valid: "0",
    flexible: "0+",
  },
  {
    zkMigrationState: int8(),
  },
);
export type ZkMigrationStateRecord = ValueOf<typeof ZkMigrationStateRecord>;
