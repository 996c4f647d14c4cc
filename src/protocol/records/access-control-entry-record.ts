/**
 * AccessControlEntryRecord, v0 (KIP-801). An access control entry is added.
 */
import { int8, string, uuid } from "../schema/field.ts";
import type { ValueOf } from "../schema/message.ts";
import { record } from "../schema/record.ts";

export const AccessControlEntryRecord = record(
  {
    key: 18,
    name: "AccessControlEntryRecord",
    type: "ACCESS_CONTROL_ENTRY_RECORD",
    valid: "0",
    flexible: "0+",
  },
  {
    id: uuid(),
    resourceType: int8(),
    resourceName: string(),
    patternType: int8(),
    principal: string(),
    host: string(),
    operation: int8(),
    permissionType: int8(),
  },
);
export type AccessControlEntryRecord = ValueOf<typeof AccessControlEntryRecord>;
