/**
 * What the three requests for delegation tokens have in common: who may send one at all, whom a token names, and when
 * its time is over. Kafka: `ControllerApis.allowTokenRequests`, `DelegationTokenControlManager`.
 */
import {
  ErrorCode,
  type DelegationTokenRecord,
  type ErrorName,
  type Principal,
} from "../../protocol/index.ts";
import { MV_DELEGATION_TOKENS } from "../features/levels.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import type { DelegationTokenKey } from "./delegation-token-key.ts";
import type { Caller, ControlContext } from "./operation.ts";

export type Named = Pick<Principal, "type" | "name">;

/**
 * Whether somebody is authenticated well enough to have tokens: by a broker, which has forwarded the request, and not
 * by a token, which would make itself immortal. Controllers are registered with PLAINTEXT listeners, over which Kafka
 * serves nobody else.
 */
export const mayAskForTokens = ({ isForwarded, principal }: Caller): boolean =>
  isForwarded && !principal.tokenAuthenticated;

/** The key, or why nobody can have a token here. */
export function usableKey(
  view: MetadataImage,
  { delegationTokenKey }: ControlContext,
): DelegationTokenKey | ErrorName {
  if (delegationTokenKey === null) return "DELEGATION_TOKEN_AUTH_DISABLED";
  return view.features.metadataVersion < MV_DELEGATION_TOKENS
    ? "UNSUPPORTED_VERSION"
    : delegationTokenKey;
}

/** The token that a request names by its HMAC, or why it can name none. */
export function askedToken(
  view: MetadataImage,
  hmac: Uint8Array,
  context: ControlContext,
): DelegationTokenRecord | ErrorName {
  if (!mayAskForTokens(context.caller)) return NOT_ALLOWED;
  const key = usableKey(view, context);
  if (typeof key === "string") return key;
  return key.tokenOf(view.delegationTokens, hmac) ?? "DELEGATION_TOKEN_NOT_FOUND";
}

const NOT_ALLOWED = "DELEGATION_TOKEN_REQUEST_NOT_ALLOWED";

/** What a response says of a token whose expiry stays: of whose request nobody looks at, Kafka says that it has none. */
export const notMoved = (error: ErrorName) => ({
  errorCode: ErrorCode[error],
  ...(error === NOT_ALLOWED ? { expiryTimestampMs: -1 } : {}),
});

/** As records and entries write it. */
export const inWords = ({ type, name }: Named): string => `${type}:${name}`;

export const isSamePrincipal = (one: Named, other: Named): boolean =>
  one.type === other.type && one.name === other.name;

/** A type with a colon would be read back as another principal's. */
export const isSayable = ({ type }: Named): boolean => !type.includes(":");

/** The requester of a token may not, unless he is one of these. */
export const mayRenew = ({ owner, renewers }: DelegationTokenRecord, caller: Named): boolean =>
  isSayable(caller) && [owner, ...renewers].includes(inWords(caller));

export const hasExpired = (
  { maxTimestamp, expirationTimestamp }: DelegationTokenRecord,
  nowMs: number,
): boolean => maxTimestamp < nowMs || expirationTimestamp < nowMs;

/** What was asked for, where it is more than nothing and less than what is allowed. */
export const lifetimeMs = (askedMs: bigint, mostMs: number): number =>
  askedMs > 0n && askedMs < BigInt(mostMs) ? Number(askedMs) : mostMs;

/** At the end of time it stands still. */
export const later = (nowMs: number, byMs: number | bigint): number =>
  Math.min(nowMs + Number(byMs), Number.MAX_SAFE_INTEGER);
