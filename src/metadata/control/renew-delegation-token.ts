/**
 * RenewDelegationToken (KIP-48): its owner or a renewer moves a token's expiry, never beyond the end of its lifetime.
 */
import {
  DelegationTokenRecord,
  ErrorCode,
  RenewDelegationToken,
  type ErrorName,
  type RenewDelegationTokenRequest,
  type RenewDelegationTokenResponse,
} from "../../protocol/index.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import {
  hasExpired,
  later,
  lifetimeMs,
  mayAskForTokens,
  mayRenew,
  usableKey,
} from "./delegation-token-request.ts";
import { operation, type ControlContext, type ControlResult } from "./operation.ts";

export const renewDelegationToken = operation(RenewDelegationToken, { kind: "write", run });

function run(
  view: MetadataImage,
  { hmac, renewPeriodMs }: RenewDelegationTokenRequest,
  context: ControlContext,
): ControlResult<RenewDelegationTokenResponse> {
  const { nowMs, caller, config } = context;
  if (!mayAskForTokens(caller)) {
    return faulty("DELEGATION_TOKEN_REQUEST_NOT_ALLOWED", { expiryTimestampMs: -1 });
  }
  const key = usableKey(view, context);
  if (typeof key === "string") return faulty(key);
  const token = key.tokenOf(view.delegationTokens, hmac);
  if (token === undefined) return faulty("DELEGATION_TOKEN_NOT_FOUND");
  if (hasExpired(token, nowMs)) return faulty("DELEGATION_TOKEN_EXPIRED");
  if (!mayRenew(token, caller.principal)) return faulty("DELEGATION_TOKEN_OWNER_MISMATCH");
  const byMs = lifetimeMs(renewPeriodMs, config.delegationTokenExpiryTimeMs);
  const expiryTimestampMs = Math.min(token.maxTimestamp, later(nowMs, byMs));
  return {
    records: [DelegationTokenRecord.of(0, { ...token, expirationTimestamp: expiryTimestampMs })],
    response: RenewDelegationToken.response.fill({ expiryTimestampMs }),
  };
}

const faulty = (
  error: ErrorName,
  parts: Partial<RenewDelegationTokenResponse> = {},
): ControlResult<RenewDelegationTokenResponse> => ({
  records: [],
  response: RenewDelegationToken.response.fill({ errorCode: ErrorCode[error], ...parts }),
});
