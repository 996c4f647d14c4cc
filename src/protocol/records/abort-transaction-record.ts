/**
 * AbortTransactionRecord, v0 (KIP-868). The open transaction is void.
 */
import { string } from "../schema/field.ts";
import type { ValueOf } from "../schema/message.ts";
import { record } from "../schema/record.ts";

export const AbortTransactionRecord = record(
  {
    key: 25,
    name: "AbortTransactionRecord",
    type: "ABORT_TRANSACTION_RECORD",
    valid: "0",
    flexible: "0+",
  },
  {
    reason: string().tagged(0, "0+").nullable().default(null),
  },
);
export type AbortTransactionRecord = ValueOf<typeof AbortTransactionRecord>;
