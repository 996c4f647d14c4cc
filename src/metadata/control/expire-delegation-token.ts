/**
 * ExpireDelegationToken (KIP-48): its owner or a renewer moves a token's expiry to a time from now, or ends the token at
 * once: with a negative period, and then also one whose time is over.
 */
import {
  DelegationTokenRecord,
  ExpireDelegationToken,
  RemoveDelegationTokenRecord,
  type ErrorName,
  type ExpireDelegationTokenRequest,
  type ExpireDelegationTokenResponse,
  type MetadataRecord,
} from "../../protocol/index.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import { askedToken, hasExpired, later, mayRenew, notMoved } from "./delegation-token-request.ts";
import { operation, type ControlContext, type ControlResult } from "./operation.ts";

export const expireDelegationToken = operation(ExpireDelegationToken, { kind: "write", run });

function run(
  view: MetadataImage,
  { hmac, expiryTimePeriodMs }: ExpireDelegationTokenRequest,
  context: ControlContext,
): ControlResult<ExpireDelegationTokenResponse> {
  const { nowMs, caller } = context;
  const token = askedToken(view, hmac, context);
  if (typeof token === "string") return faulty(token);
  if (!mayRenew(token, caller.principal)) return faulty("DELEGATION_TOKEN_OWNER_MISMATCH");
  if (expiryTimePeriodMs < 0n) {
    const { tokenId } = token;
    return expiringAt(nowMs, RemoveDelegationTokenRecord.of(0, { tokenId }));
  }
  if (hasExpired(token, nowMs)) return faulty("DELEGATION_TOKEN_EXPIRED");
  const expirationTimestamp = Math.min(token.maxTimestamp, later(nowMs, expiryTimePeriodMs));
  return expiringAt(
    expirationTimestamp,
    DelegationTokenRecord.of(0, { ...token, expirationTimestamp }),
  );
}

const expiringAt = (
  expiryTimestampMs: number,
  record: MetadataRecord,
): ControlResult<ExpireDelegationTokenResponse> => ({
  records: [record],
  response: ExpireDelegationToken.response.fill({ expiryTimestampMs }),
});

const faulty = (error: ErrorName): ControlResult<ExpireDelegationTokenResponse> => ({
  records: [],
  response: ExpireDelegationToken.response.fill(notMoved(error)),
});
