/**
 * DelegationTokenRecord, v0 (KIP-48). A delegation token is issued or renewed.
 */
import { array, offset, string } from "../schema/field.ts";
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
    issueTimestamp: offset(),
    maxTimestamp: offset(),
    expirationTimestamp: offset(),
    tokenId: string(),
  },
);
export type DelegationTokenRecord = ValueOf<typeof DelegationTokenRecord>;
