/**
 * RemoveDelegationTokenRecord, v0 (KIP-48). A delegation token is gone.
 */
import { string } from "../schema/field.ts";
import type { ValueOf } from "../schema/message.ts";
import { record } from "../schema/record.ts";

export const RemoveDelegationTokenRecord = record(
  {
    key: 26,
    name: "RemoveDelegationTokenRecord",
    type: "REMOVE_DELEGATION_TOKEN_RECORD",
    valid: "0",
    flexible: "0+",
  },
  {
    tokenId: string(),
  },
);
export type RemoveDelegationTokenRecord = ValueOf<typeof RemoveDelegationTokenRecord>;
