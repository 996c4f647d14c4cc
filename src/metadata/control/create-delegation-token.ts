/**
 * CreateDelegationToken (KIP-48, KIP-373): somebody gets a token that logs in as him, or as another owner of whom he
 * may create some. Its HMAC is in the response, and nowhere else.
 */
import {
  CreateDelegationToken,
  DelegationTokenRecord,
  ErrorCode,
  type CreateDelegationTokenRequest,
  type CreateDelegationTokenResponse,
  type ErrorName,
} from "../../protocol/index.ts";
import type { DelegationTokensImage } from "../image/delegation-tokens-image.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import {
  inWords,
  isSayable,
  later,
  lifetimeMs,
  mayAskForTokens,
  usableKey,
  type Named,
} from "./delegation-token-request.ts";
import { operation, type ControlContext, type ControlResult } from "./operation.ts";
import { uniqueId } from "./unique-id.ts";

/** Each costs a leader that is new to office 20 µs, with the first request that names a token by its HMAC. */
const TOKENS_MAX = 2_000;
/** No one takes all places. */
const TOKENS_OF_REQUESTER_MAX = 1_000;
const RENEWERS_MAX = 100;
/** In all the names of one token: 2,000 of them take 8 MB. */
const NAME_CHARACTERS_MAX = 4_096;

/** The last version in which nobody but the owner requests a token. */
const OWN_TOKENS_ALONE = 2;

export const createDelegationToken = operation(CreateDelegationToken, { kind: "write", run });

function run(
  view: MetadataImage,
  request: CreateDelegationTokenRequest,
  context: ControlContext,
): ControlResult<CreateDelegationTokenResponse> {
  const { nowMs, nextOffset, random, config } = context;
  if (!mayAskForTokens(context.caller)) {
    return refused(request, context, "DELEGATION_TOKEN_REQUEST_NOT_ALLOWED");
  }
  const answer = (parts: object): CreateDelegationTokenResponse =>
    CreateDelegationToken.response.fill({ ...principalsOf(request, context), ...parts });
  const faulty = (error: ErrorName): ControlResult<CreateDelegationTokenResponse> => ({
    records: [],
    response: answer({ errorCode: ErrorCode[error] }),
  });
  const key = usableKey(view, context);
  if (typeof key === "string") return faulty(key);
  const owner = ownerOf(request, context.caller.principal);
  const token = {
    owner: inWords(owner),
    requester: inWords(context.caller.principal),
    renewers: request.renewers.map(({ principalType, principalName }) =>
      inWords({ type: principalType, name: principalName }),
    ),
  };
  const fault =
    typeFault(request, [owner, context.caller.principal]) ??
    sizeFault(view.delegationTokens, token);
  if (fault !== null) return faulty(fault);
  const maxTimestampMs = later(
    nowMs,
    lifetimeMs(request.maxLifetimeMs, config.delegationTokenMaxLifetimeMs),
  );
  const expiryTimestampMs = Math.min(
    maxTimestampMs,
    later(nowMs, config.delegationTokenExpiryTimeMs),
  );
  const tokenId = key.tokenIdOf(uniqueId(random, nextOffset));
  const record = DelegationTokenRecord.of(0, {
    ...token,
    issueTimestamp: nowMs,
    maxTimestamp: maxTimestampMs,
    expirationTimestamp: expiryTimestampMs,
    tokenId,
  });
  const times = { issueTimestampMs: nowMs, expiryTimestampMs, maxTimestampMs };
  return { records: [record], response: answer({ ...times, tokenId, hmac: key.hmacOf(tokenId) }) };
}

/** Whose the token is to be. */
export const ownerOf = (
  { ownerPrincipalType, ownerPrincipalName }: CreateDelegationTokenRequest,
  { type, name }: Named,
): Named =>
  ownerPrincipalName === null || ownerPrincipalName === ""
    ? { type, name }
    : { type: ownerPrincipalType ?? "", name: ownerPrincipalName };

/** The answer to whom is not even asked what is wrong with his request. */
export const refused = (
  request: CreateDelegationTokenRequest,
  context: ControlContext,
  error: ErrorName,
): ControlResult<CreateDelegationTokenResponse> => ({
  records: [],
  response: CreateDelegationToken.response.fill({
    ...principalsOf(request, context),
    errorCode: ErrorCode[error],
    issueTimestampMs: -1,
    expiryTimestampMs: -1,
    maxTimestampMs: -1,
  }),
});

function principalsOf(
  request: CreateDelegationTokenRequest,
  { apiVersion, caller }: ControlContext,
): Partial<CreateDelegationTokenResponse> {
  const owner = ownerOf(request, caller.principal);
  const owned = { principalType: owner.type, principalName: owner.name };
  if (apiVersion <= OWN_TOKENS_ALONE) return owned;
  const { type, name } = caller.principal;
  return { ...owned, tokenRequesterPrincipalType: type, tokenRequesterPrincipalName: name };
}

function typeFault(
  { renewers, ownerPrincipalName, ownerPrincipalType }: CreateDelegationTokenRequest,
  principals: readonly Named[],
): ErrorName | null {
  const isNobody = ownerPrincipalType === null && (ownerPrincipalName ?? "") !== "";
  const areUsers = renewers.every(({ principalType }) => principalType === "User");
  return areUsers && !isNobody && principals.every(isSayable) ? null : "INVALID_PRINCIPAL_TYPE";
}

function sizeFault(
  tokens: DelegationTokensImage,
  { owner, requester, renewers }: Pick<DelegationTokenRecord, "owner" | "requester" | "renewers">,
): ErrorName | null {
  const characters = [owner, requester, ...renewers].reduce((sum, { length }) => sum + length, 0);
  const isLarge = renewers.length > RENEWERS_MAX || characters > NAME_CHARACTERS_MAX;
  if (isLarge || tokens.size >= TOKENS_MAX) return "POLICY_VIOLATION";
  let own = 0;
  for (const token of tokens.values()) if (token.requester === requester) own += 1;
  return own >= TOKENS_OF_REQUESTER_MAX ? "POLICY_VIOLATION" : null;
}
