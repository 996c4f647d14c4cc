/**
 * ConfigRecord, v0 (KIP-631). One configuration key of a resource is set, or deleted when the value is null.
 */
import { int8, string } from "../schema/field.ts";
import type { ValueOf } from "../schema/message.ts";
import { record } from "../schema/record.ts";

export const ConfigRecord = record(
  { key: 4, name: "ConfigRecord", type: "CONFIG_RECORD", valid: "0", flexible: "0+" },
  {
    resourceType: int8(),
    resourceName: string(),
    name: string(),
    value: string().nullable(),
  },
);
export type ConfigRecord = ValueOf<typeof ConfigRecord>;
