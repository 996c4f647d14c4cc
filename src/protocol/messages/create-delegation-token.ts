/**
 * CreateDelegationToken, v1-v3 (KIP-48). Issues a token that authenticates as its owner.
 * v3 on behalf of another owner (KIP-373)
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { array, bytes, int16, int32, int64, offset, string } from "../schema/field.ts";

/** Kafka's, in a response that refuses the request before anybody looks at it. */
const NOBODY = { principalType: "User", principalName: "ANONYMOUS" };
const NOBODY_REQUESTED = {
  tokenRequesterPrincipalType: NOBODY.principalType,
  tokenRequesterPrincipalName: NOBODY.principalName,
};

export const CreateDelegationToken = api(
  { key: 38, name: "CreateDelegationToken", valid: "1-3", flexible: "2+", forwardable: true },
  {
    request: {
      ownerPrincipalType: string().versions("3+").nullable(),
      ownerPrincipalName: string().versions("3+").nullable(),
      renewers: array({
        principalType: string(),
        principalName: string(),
      }),
      maxLifetimeMs: int64(),
    },
    response: {
      errorCode: int16(),
      principalType: string(),
      principalName: string(),
      tokenRequesterPrincipalType: string().versions("3+"),
      tokenRequesterPrincipalName: string().versions("3+"),
      issueTimestampMs: offset(),
      expiryTimestampMs: offset(),
      maxTimestampMs: offset(),
      tokenId: string(),
      hmac: bytes(),
      throttleTimeMs: int32(),
    },
    errorResponse: (_, { errorCode }, version) => ({
      errorCode,
      ...NOBODY,
      ...(version <= 2 ? {} : NOBODY_REQUESTED),
      issueTimestampMs: -1,
      expiryTimestampMs: -1,
      maxTimestampMs: -1,
    }),
  },
);
export type CreateDelegationTokenRequest = RequestOf<typeof CreateDelegationToken>;
export type CreateDelegationTokenResponse = ResponseOf<typeof CreateDelegationToken>;
