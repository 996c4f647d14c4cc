/**
 * UnregisterBroker, v0 (KIP-631). Forgets a broker.
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { int16, int32, string } from "../schema/field.ts";

export const UnregisterBroker = api(
  { key: 64, name: "UnregisterBroker", valid: "0", flexible: "0+", forwardable: true },
  {
    request: {
      brokerId: int32(),
    },
    response: {
      throttleTimeMs: int32(),
      errorCode: int16(),
      errorMessage: string().nullable(),
    },
    errorResponse: (_, error) => error,
  },
);
export type UnregisterBrokerRequest = RequestOf<typeof UnregisterBroker>;
export type UnregisterBrokerResponse = ResponseOf<typeof UnregisterBroker>;
