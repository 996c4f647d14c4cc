/**
 * PartitionChangeRecord, v0-v2 (KIP-631). What changed in a partition; a field at its default did not change.
 * v1 directories (KIP-858) · v2 eligible leader replicas (KIP-966)
 */
import { array, int32, int8, uuid } from "../schema/field.ts";
import type { ValueOf } from "../schema/message.ts";
import { record } from "../schema/record.ts";

export const PartitionChangeRecord = record(
  {
    key: 5,
    name: "PartitionChangeRecord",
    type: "PARTITION_CHANGE_RECORD",
    valid: "0-2",
    flexible: "0+",
  },
  {
    partitionId: int32().default(-1),
    topicId: uuid(),
    isr: array(int32()).tagged(0, "0+").nullable().default(null),
    leader: int32().tagged(1, "0+").default(-2),
    replicas: array(int32()).tagged(2, "0+").nullable().default(null),
    removingReplicas: array(int32()).tagged(3, "0+").nullable().default(null),
    addingReplicas: array(int32()).tagged(4, "0+").nullable().default(null),
    leaderRecoveryState: int8().tagged(5, "0+").default(-1),
    directories: array(uuid()).tagged(8, "1+").nullable().default(null),
    eligibleLeaderReplicas: array(int32()).tagged(6, "2+").nullable().default(null),
    lastKnownElr: array(int32()).tagged(7, "2+").nullable().default(null),
  },
);
export type PartitionChangeRecord = ValueOf<typeof PartitionChangeRecord>;
