/**
 * FenceBroker, v0. Ends a broker's session before its time: an operator knows that its machine is gone. No API of
 * Kafka's, where only silence fences a broker, or its own word in a heartbeat; so it is advertised to nobody.
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { bool, int16, int32, string } from "../schema/field.ts";

export const FenceBroker = api(
  { key: 32_000, name: "FenceBroker", valid: "0", flexible: "0+", unadvertised: true },
  {
    request: {
      brokerId: int32(),
    },
    response: {
      throttleTimeMs: int32(),
      errorCode: int16(),
      errorMessage: string().nullable().default(null),
      /** It was fenced before, and nothing was written. */
      wasFenced: bool(),
      /** How many partitions go on without it. */
      partitionsChanged: int32(),
    },
    errorResponse: (_, error) => error,
  },
);
export type FenceBrokerRequest = RequestOf<typeof FenceBroker>;
export type FenceBrokerResponse = ResponseOf<typeof FenceBroker>;
