/**
 * BrokerHeartbeat, v0-v2 (KIP-631). A broker stays alive, and asks to be unfenced or shut down.
 * v1 offline log directories (KIP-858) · v2 cordoned log directories (KIP-1066)
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { array, bool, int16, int32, offset, uuid } from "../schema/field.ts";

export const BrokerHeartbeat = api(
  {
    key: 63,
    name: "BrokerHeartbeat",
    valid: "0-2",
    flexible: "0+",
    clusterAction: true,
    repeatable: true,
  },
  {
    request: {
      brokerId: int32(),
      brokerEpoch: offset().default(-1),
      currentMetadataOffset: offset(),
      wantFence: bool(),
      wantShutDown: bool(),
      offlineLogDirs: array(uuid()).tagged(0, "1+"),
      cordonedLogDirs: array(uuid()).tagged(1, "2+").nullable().default(null),
    },
    response: {
      throttleTimeMs: int32(),
      errorCode: int16(),
      isCaughtUp: bool().default(false),
      isFenced: bool().default(true),
      shouldShutDown: bool(),
    },
    errorResponse: (_, { errorCode }) => ({ errorCode }),
  },
);
export type BrokerHeartbeatRequest = RequestOf<typeof BrokerHeartbeat>;
export type BrokerHeartbeatResponse = ResponseOf<typeof BrokerHeartbeat>;
