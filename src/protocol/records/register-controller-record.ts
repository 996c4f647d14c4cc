/**
 * RegisterControllerRecord, v0 (KIP-919). A controller's endpoints and features.
 */
import { array, bool, int16, int32, string, uint16, uuid } from "../schema/field.ts";
import type { ValueOf } from "../schema/message.ts";
import { record } from "../schema/record.ts";

export const RegisterControllerRecord = record(
  {
    key: 27,
    name: "RegisterControllerRecord",
    type: "REGISTER_CONTROLLER_RECORD",
    valid: "0",
    flexible: "0+",
  },
  {
    controllerId: int32(),
    incarnationId: uuid(),
    zkMigrationReady: bool(),
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
  },
);
export type RegisterControllerRecord = ValueOf<typeof RegisterControllerRecord>;
