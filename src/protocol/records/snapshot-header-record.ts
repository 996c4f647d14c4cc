/**
 * SnapshotHeaderRecord, v0 (KIP-630). Control record: the first of a snapshot.
 */
import { int16, offset } from "../schema/field.ts";
import { message, type ValueOf } from "../schema/message.ts";

export const SnapshotHeaderRecord = message(
  { name: "SnapshotHeaderRecord", valid: "0", flexible: "0+" },
  {
    version: int16(),
    lastContainedLogTimestamp: offset(),
  },
);
export type SnapshotHeaderRecord = ValueOf<typeof SnapshotHeaderRecord>;
