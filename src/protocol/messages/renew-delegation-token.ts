/**
 * RenewDelegationToken, v1-v2 (KIP-48). Moves a token's expiry into the future.
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { bytes, int16, int32, int64, offset } from "../schema/field.ts";

export const RenewDelegationToken = api(
  { key: 39, name: "RenewDelegationToken", valid: "1-2", flexible: "2+", forwardable: true },
  {
    request: {
      hmac: bytes(),
      renewPeriodMs: int64(),
    },
    response: {
      errorCode: int16(),
      expiryTimestampMs: offset(),
      throttleTimeMs: int32(),
    },
    errorResponse: (_, { errorCode }) => ({ errorCode }),
  },
);
export type RenewDelegationTokenRequest = RequestOf<typeof RenewDelegationToken>;
export type RenewDelegationTokenResponse = ResponseOf<typeof RenewDelegationToken>;
