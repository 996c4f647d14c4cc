/**
 * Delegation tokens by token id (KIP-48, KIP-900); the secret that signs them is not in the log.
 */
import { byText, ImmutableMap } from "../../std/immutable-map.ts";
import type { DelegationTokenRecord } from "../../protocol/index.ts";

export type DelegationTokensImage = ImmutableMap<string, DelegationTokenRecord>;

export const NO_DELEGATION_TOKENS: DelegationTokensImage = ImmutableMap.empty(byText);

export const withDelegationToken = (
  tokens: DelegationTokensImage,
  record: DelegationTokenRecord,
): DelegationTokensImage => tokens.set(record.tokenId, record);

/** A token that is gone already stays gone, as for the brokers that read the same record. */
export const withoutDelegationToken = (
  tokens: DelegationTokensImage,
  tokenId: string,
): DelegationTokensImage => tokens.delete(tokenId);
