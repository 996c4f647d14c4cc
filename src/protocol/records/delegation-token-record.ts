/**
 * DelegationTokenRecord, v0 (KIP-48). A delegation token is issued or renewed. Its times are sums with what a cluster
 * is set to, which may be any int64: that of a token for ever lies beyond what a number holds.
 */
import { array, string, timestamp } from "../schema/field.ts";
import type { ValueOf } from "../schema/message.ts";
import { record } from "../schema/record.ts";

export const DelegationTokenRecord = record(
  {
    key: 10,
    name: "DelegationTokenRecord",
    type: "DELEGATION_TOKEN_RECORD",
    valid: "0",
    flexible: "0+",
  },
  {
    owner: string(),
    requester: string(),
    renewers: array(string()),
    issueTimestamp: timestamp(),
    maxTimestamp: timestamp(),
    expirationTimestamp: timestamp(),
    tokenId: string(),
  },
);
export type DelegationTokenRecord = ValueOf<typeof DelegationTokenRecord>;
