/**
 * TopicRecord, v0 (KIP-631). A topic has come to be; its partitions follow.
 */
import { string, uuid } from "../schema/field.ts";
import type { ValueOf } from "../schema/message.ts";
import { record } from "../schema/record.ts";

export const TopicRecord = record(
  { key: 2, name: "TopicRecord", type: "TOPIC_RECORD", valid: "0", flexible: "0+" },
  {
    name: string(),
    topicId: uuid(),
  },
);
export type TopicRecord = ValueOf<typeof TopicRecord>;
