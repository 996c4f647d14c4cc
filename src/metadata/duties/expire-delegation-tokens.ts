/**
 * Removes the delegation tokens whose time is over (KIP-48, KIP-900). It needs no key: one that is taken from a
 * deployment leaves no tokens behind for ever. Kafka: `DelegationTokenControlManager.sweepExpiredDelegationTokens`.
 */
import { RemoveDelegationTokenRecord, type MetadataRecord } from "../../protocol/index.ts";
import { hasExpired } from "../control/delegation-token-request.ts";
import type { Duty } from "./duty.ts";
import type { SweepReport } from "./elections.ts";

/** Kafka's: in one run. */
const REMOVED_MAX = 1_000;

export const expireDelegationTokens: Duty<SweepReport> = {
  name: "expire-delegation-tokens",
  rule: (view, { nowMs }) => {
    const records: MetadataRecord[] = [];
    for (const token of view.delegationTokens.values()) {
      if (!hasExpired(token, nowMs)) continue;
      if (records.length === REMOVED_MAX) return { records, response: { isBounded: true } };
      records.push(RemoveDelegationTokenRecord.of(0, { tokenId: token.tokenId }));
    }
    return { records, response: { isBounded: false } };
  },
};
