/**
 * UnfenceBrokerRecord, v0 (KIP-631). A broker is unfenced; written by old controllers only, superseded by BrokerRegistrationChangeRecord.
 */
import { int32, offset } from "../schema/field.ts";
import type { ValueOf } from "../schema/message.ts";
import { record } from "../schema/record.ts";

export const UnfenceBrokerRecord = record(
  {
    key: 8,
    name: "UnfenceBrokerRecord",
    type: "UNFENCE_BROKER_RECORD",
    valid: "0",
    flexible: "0+",
  },
  {
    id: int32(),
    epoch: offset(),
  },
);
export type UnfenceBrokerRecord = ValueOf<typeof UnfenceBrokerRecord>;
