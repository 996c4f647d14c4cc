/**
 * RenewDelegationToken (KIP-48): its owner or a renewer moves a token's expiry, never beyond the end of its lifetime.
 */
import {
  DelegationTokenRecord,
  RenewDelegationToken,
  type ErrorName,
  type RenewDelegationTokenRequest,
  type RenewDelegationTokenResponse,
} from "../../protocol/index.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import {
  askedToken,
  hasExpired,
  later,
  lifetimeMs,
  mayRenew,
  notMoved,
} from "./delegation-token-request.ts";
import { operation, type ControlContext, type ControlResult } from "./operation.ts";

export const renewDelegationToken = operation(RenewDelegationToken, { kind: "write", run });

function run(
  view: MetadataImage,
  { hmac, renewPeriodMs }: RenewDelegationTokenRequest,
  context: ControlContext,
): ControlResult<RenewDelegationTokenResponse> {
  const { nowMs, caller, config } = context;
  const token = askedToken(view, hmac, context);
  if (typeof token === "string") return faulty(token);
  if (hasExpired(token, nowMs)) return faulty("DELEGATION_TOKEN_EXPIRED");
  if (!mayRenew(token, caller.principal)) return faulty("DELEGATION_TOKEN_OWNER_MISMATCH");
  const byMs = lifetimeMs(renewPeriodMs, config.delegationTokenExpiryTimeMs);
  const expiryTimestampMs = Math.min(token.maxTimestamp, later(nowMs, byMs));
  return {
    records: [DelegationTokenRecord.of(0, { ...token, expirationTimestamp: expiryTimestampMs })],
    response: RenewDelegationToken.response.fill({ expiryTimestampMs }),
  };
}

const faulty = (error: ErrorName): ControlResult<RenewDelegationTokenResponse> => ({
  records: [],
  response: RenewDelegationToken.response.fill(notMoved(error)),
});
