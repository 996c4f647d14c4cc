/**
 * SnapshotFooterRecord, v0 (KIP-630). Control record: the last of a snapshot.
 */
import { int16 } from "../schema/field.ts";
import { message, type ValueOf } from "../schema/message.ts";

export const SnapshotFooterRecord = message(
  { name: "SnapshotFooterRecord", valid: "0", flexible: "0+" },
  {
    version: int16(),
  },
);
export type SnapshotFooterRecord = ValueOf<typeof SnapshotFooterRecord>;
