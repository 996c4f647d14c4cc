/**
 * BeginTransactionRecord, v0 (KIP-868). What follows is not to be seen until the transaction ends.
 */
import { string } from "../schema/field.ts";
import type { ValueOf } from "../schema/message.ts";
import { record } from "../schema/record.ts";

export const BeginTransactionRecord = record(
  {
    key: 23,
    name: "BeginTransactionRecord",
    type: "BEGIN_TRANSACTION_RECORD",
    valid: "0",
    flexible: "0+",
  },
  {
    name: string().tagged(0, "0+").nullable().default(null),
  },
);
export type BeginTransactionRecord = ValueOf<typeof BeginTransactionRecord>;
