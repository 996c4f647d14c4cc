/**
 * RemoveTopicRecord, v0 (KIP-631). A topic, its partitions and its configuration are gone.
 */
import { uuid } from "../schema/field.ts";
import type { ValueOf } from "../schema/message.ts";
import { record } from "../schema/record.ts";

export const RemoveTopicRecord = record(
  { key: 9, name: "RemoveTopicRecord", type: "REMOVE_TOPIC_RECORD", valid: "0", flexible: "0+" },
  {
    topicId: uuid(),
  },
);
export type RemoveTopicRecord = ValueOf<typeof RemoveTopicRecord>;
