/**
 * UnregisterBrokerRecord, v0 (KIP-631). A broker is forgotten.
 */
import { int32, offset } from "../schema/field.ts";
import type { ValueOf } from "../schema/message.ts";
import { record } from "../schema/record.ts";

export const UnregisterBrokerRecord = record(
  {
    key: 1,
    name: "UnregisterBrokerRecord",
    type: "UNREGISTER_BROKER_RECORD",
    valid: "0",
    flexible: "0+",
  },
  {
    brokerId: int32(),
    brokerEpoch: offset(),
  },
);
export type UnregisterBrokerRecord = ValueOf<typeof UnregisterBrokerRecord>;
