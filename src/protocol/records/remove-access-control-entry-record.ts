/**
 * RemoveAccessControlEntryRecord, v0 (KIP-801). An access control entry is removed.
 */
import { uuid } from "../schema/field.ts";
import type { ValueOf } from "../schema/message.ts";
import { record } from "../schema/record.ts";

export const RemoveAccessControlEntryRecord = record(
  {
    key: 19,
    name: "RemoveAccessControlEntryRecord",
    type: "REMOVE_ACCESS_CONTROL_ENTRY_RECORD",
    valid: "0",
    flexible: "0+",
  },
  {
    id: uuid(),
  },
);
export type RemoveAccessControlEntryRecord = ValueOf<typeof RemoveAccessControlEntryRecord>;
