/**
 * UnregisterControllerRecord, v0 (KIP-1312). A controller is forgotten.
 */
import { int32 } from "../schema/field.ts";
import type { ValueOf } from "../schema/message.ts";
import { record } from "../schema/record.ts";

export const UnregisterControllerRecord = record(
  {
    key: 29,
    name: "UnregisterControllerRecord",
    type: "UNREGISTER_CONTROLLER_RECORD",
    valid: "0",
    flexible: "0+",
  },
  {
    controllerId: int32(),
  },
);
export type UnregisterControllerRecord = ValueOf<typeof UnregisterControllerRecord>;
