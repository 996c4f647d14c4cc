/**
 * AllocateProducerIds, v0 (KIP-730). Hands a broker a block of producer ids.
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { int16, int32, offset } from "../schema/field.ts";

export const AllocateProducerIds = api(
  {
    key: 67,
    name: "AllocateProducerIds",
    valid: "0",
    flexible: "0+",
    forwardable: true,
    clusterAction: true,
  },
  {
    request: {
      brokerId: int32(),
      brokerEpoch: offset().default(-1),
    },
    response: {
      throttleTimeMs: int32(),
      errorCode: int16(),
      producerIdStart: offset(),
      producerIdLen: int32(),
    },
    errorResponse: (_, { errorCode }) => ({ errorCode }),
  },
);
export type AllocateProducerIdsRequest = RequestOf<typeof AllocateProducerIds>;
export type AllocateProducerIdsResponse = ResponseOf<typeof AllocateProducerIds>;
