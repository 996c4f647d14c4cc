/**
 * BrokerRegistration, v0-v4 (KIP-631). A broker announces one incarnation of itself and gets its epoch.
 * v1 isMigratingZkBroker (KIP-866) · v2 log directories (KIP-858) · v3 previous epoch (KIP-966)
 * v4 a feature's minimum may be 0 (KAFKA-17011)
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { array, bool, int16, int32, offset, string, uint16, uuid } from "../schema/field.ts";

export const BrokerRegistration = api(
  { key: 62, name: "BrokerRegistration", valid: "0-4", flexible: "0+", clusterAction: true },
  {
    request: {
      brokerId: int32(),
      clusterId: string(),
      incarnationId: uuid(),
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
      rack: string().nullable(),
      isMigratingZkBroker: bool().versions("1+").default(false),
      logDirs: array(uuid()).versions("2+").ignorable(),
      previousBrokerEpoch: offset().versions("3+").default(-1).ignorable(),
    },
    response: {
      throttleTimeMs: int32(),
      errorCode: int16(),
      brokerEpoch: offset().default(-1),
    },
    errorResponse: (_, { errorCode }) => ({ errorCode }),
  },
);
export type BrokerRegistrationRequest = RequestOf<typeof BrokerRegistration>;
export type BrokerRegistrationResponse = ResponseOf<typeof BrokerRegistration>;
