/**
 * ClearElrRecord, v0 (KIP-966). The eligible leader replicas of a topic are void; of every topic when the name is empty.
 */
import { string } from "../schema/field.ts";
import type { ValueOf } from "../schema/message.ts";
import { record } from "../schema/record.ts";

export const ClearElrRecord = record(
  { key: 28, name: "ClearElrRecord", type: "CLEAR_ELR_RECORD", valid: "0", flexible: "0+" },
  {
    topicName: string(),
  },
);
export type ClearElrRecord = ValueOf<typeof ClearElrRecord>;
