/**
 * PartitionRecord, v0-v2 (KIP-631). The whole state of a partition.
 * v1 directories (KIP-858) · v2 eligible leader replicas (KIP-966)
 */
import { array, int32, int8, uuid } from "../schema/field.ts";
import type { ValueOf } from "../schema/message.ts";
import { record } from "../schema/record.ts";

export const PartitionRecord = record(
  { key: 3, name: "PartitionRecord", type: "PARTITION_RECORD", valid: "0-2", flexible: "0+" },
  {
    partitionId: int32().default(-1),
    topicId: uuid(),
    replicas: array(int32()),
    isr: array(int32()),
    removingReplicas: array(int32()),
    addingReplicas: array(int32()),
    leader: int32().default(-1),
    leaderRecoveryState: int8().tagged(0, "0+").default(0),
    leaderEpoch: int32().default(-1),
    partitionEpoch: int32().default(-1),
    directories: array(uuid()).versions("1+"),
    eligibleLeaderReplicas: array(int32()).tagged(1, "2+").nullable().default(null),
    lastKnownElr: array(int32()).tagged(2, "2+").nullable().default(null),
  },
);
export type PartitionRecord = ValueOf<typeof PartitionRecord>;
