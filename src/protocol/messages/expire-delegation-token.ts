/**
 * ExpireDelegationToken, v1-v2 (KIP-48). Moves a token's expiry, at once when the period is negative.
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { bytes, int16, int32, int64, offset } from "../schema/field.ts";

export const ExpireDelegationToken = api(
  { key: 40, name: "ExpireDelegationToken", valid: "1-2", flexible: "2+", forwardable: true },
  {
    request: {
      hmac: bytes(),
      expiryTimePeriodMs: int64(),
    },
    response: {
      errorCode: int16(),
      expiryTimestampMs: offset(),
      throttleTimeMs: int32(),
    },
    errorResponse: (_, { errorCode }) => ({ errorCode }),
  },
);
export type ExpireDelegationTokenRequest = RequestOf<typeof ExpireDelegationToken>;
export type ExpireDelegationTokenResponse = ResponseOf<typeof ExpireDelegationToken>;
