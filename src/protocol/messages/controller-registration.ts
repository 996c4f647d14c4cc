/**
 * ControllerRegistration, v0 (KIP-919). A controller tells the active one its endpoints and features.
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { array, bool, int16, int32, string, uint16, uuid } from "../schema/field.ts";

export const ControllerRegistration = api(
  { key: 70, name: "ControllerRegistration", valid: "0", flexible: "0+", clusterAction: true },
  {
    request: {
      controllerId: int32(),
      incarnationId: uuid(),
      zkMigrationReady: bool(),
      listeners: array({
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
    response: {
      throttleTimeMs: int32(),
      errorCode: int16(),
      errorMessage: string().nullable(),
    },
    errorResponse: (_, error) => error,
  },
);
export type ControllerRegistrationRequest = RequestOf<typeof ControllerRegistration>;
export type ControllerRegistrationResponse = ResponseOf<typeof ControllerRegistration>;
