/**
 * EndTransactionRecord, v0 (KIP-868). The open transaction takes effect.
 */
import type { ValueOf } from "../schema/message.ts";
import { record } from "../schema/record.ts";

export const EndTransactionRecord = record(
  {
    key: 24,
    name: "EndTransactionRecord",
    type: "END_TRANSACTION_RECORD",
    valid: "0",
    flexible: "0+",
  },
  {},
);
export type EndTransactionRecord = ValueOf<typeof EndTransactionRecord>;
