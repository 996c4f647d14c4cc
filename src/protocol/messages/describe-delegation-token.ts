/**
 * DescribeDelegationToken, v1-v3 (KIP-48). Lists tokens by owner.
 * v3 the requester of a token (KIP-373)
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { array, bytes, int16, int32, offset, string } from "../schema/field.ts";

export const DescribeDelegationToken = api(
  { key: 41, name: "DescribeDelegationToken", valid: "1-3", flexible: "2+", repeatable: true },
  {
    request: {
      owners: array({
        principalType: string(),
        principalName: string(),
      }).nullable(),
    },
    response: {
      errorCode: int16(),
      tokens: array({
        principalType: string(),
        principalName: string(),
        tokenRequesterPrincipalType: string().versions("3+"),
        tokenRequesterPrincipalName: string().versions("3+"),
        issueTimestamp: offset(),
        expiryTimestamp: offset(),
        maxTimestamp: offset(),
        tokenId: string(),
        hmac: bytes(),
        renewers: array({
          principalType: string(),
          principalName: string(),
        }),
      }),
      throttleTimeMs: int32(),
    },
    errorResponse: (_, { errorCode }) => ({ errorCode }),
  },
);
export type DescribeDelegationTokenRequest = RequestOf<typeof DescribeDelegationToken>;
export type DescribeDelegationTokenResponse = ResponseOf<typeof DescribeDelegationToken>;
