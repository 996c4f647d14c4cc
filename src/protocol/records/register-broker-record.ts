/**
 * RegisterBrokerRecord, v0-v4 (KIP-631). A broker is registered; replaces whatever was known of that id.
 * v1 in controlled shutdown · v2 isMigratingZkBroker · v3 log directories (KIP-858) · v4 cordoned log directories (KIP-1066)
 */
import { array, bool, int16, int32, offset, string, uint16, uuid } from "../schema/field.ts";
import type { ValueOf } from "../schema/message.ts";
import { record } from "../schema/record.ts";

export const RegisterBrokerRecord = record(
  {
    key: 0,
    name: "RegisterBrokerRecord",
    type: "REGISTER_BROKER_RECORD",
    valid: "0-4",
    flexible: "0+",
  },
  {
    brokerId: int32(),
    isMigratingZkBroker: bool().versions("2+").default(false),
    incarnationId: uuid(),
    brokerEpoch: offset(),
    endPoints: array({
      name: string(),
      host: string(),
      port: uint16(),
      securityProtocol: int16(),
    }),
    features: array({
      name: string(),
      minSupportedVersion: int16(),
      maxSupportedVersion: int16(),
    }),
    rack: string().nullable(),
    fenced: bool().default(true),
    inControlledShutdown: bool().versions("1+").default(false),
    logDirs: array(uuid()).tagged(0, "3+"),
    cordonedLogDirs: array(uuid()).tagged(1, "4+").nullable().default(null),
  },
);
export type RegisterBrokerRecord = ValueOf<typeof RegisterBrokerRecord>;
