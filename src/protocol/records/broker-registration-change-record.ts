/**
 * BrokerRegistrationChangeRecord, v0-v3 (KIP-841). What changed in a broker's registration; a field at its default did not change.
 * v1 in controlled shutdown · v2 log directories (KIP-858) · v3 cordoned log directories (KIP-1066)
 */
import { array, int32, int8, offset, uuid } from "../schema/field.ts";
import type { ValueOf } from "../schema/message.ts";
import { record } from "../schema/record.ts";

export const BrokerRegistrationChangeRecord = record(
  {
    key: 17,
    name: "BrokerRegistrationChangeRecord",
    type: "BROKER_REGISTRATION_CHANGE_RECORD",
    valid: "0-3",
    flexible: "0+",
  },
  {
    brokerId: int32(),
    brokerEpoch: offset(),
    fenced: int8().tagged(0, "0+"),
    inControlledShutdown: int8().tagged(1, "1+"),
    logDirs: array(uuid()).tagged(2, "2+"),
    cordonedLogDirs: array(uuid()).tagged(3, "3+").nullable().default(null),
  },
);
export type BrokerRegistrationChangeRecord = ValueOf<typeof BrokerRegistrationChangeRecord>;
