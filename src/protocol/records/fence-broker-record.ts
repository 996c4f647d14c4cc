/**
 * FenceBrokerRecord, v0 (KIP-631). A broker is fenced; written by old controllers only, superseded by BrokerRegistrationChangeRecord.
 */
import { int32, offset } from "../schema/field.ts";
import type { ValueOf } from "../schema/message.ts";
import { record } from "../schema/record.ts";

export const FenceBrokerRecord = record(
  { key: 7, name: "FenceBrokerRecord", type: "FENCE_BROKER_RECORD", valid: "0", flexible: "0+" },
  {
    id: int32(),
    epoch: offset(),
  },
);
export type FenceBrokerRecord = ValueOf<typeof FenceBrokerRecord>;
