/** What a long life leaves in a log: the topics of a cluster, and changes of their ISRs. */
import {
  PartitionChangeRecord,
  PartitionRecord,
  TopicRecord,
  type MetadataRecord,
} from "../src/protocol/index.ts";
import { syntheticId } from "./synthetic-id.ts";

/** The topics that changes are about. */
export const TOPICS = 20;
export const PARTITIONS = 500;

/** A topic, with the records of its creation. */
export function creation(topic: number, partitions: number): readonly MetadataRecord[] {
  const topicId = syntheticId(topic);
  const created = Array.from({ length: partitions }, (_, partitionId) =>
    PartitionRecord.of(1, {
      partitionId,
      topicId,
      replicas: [1, 2, 3],
      isr: [1, 2, 3],
      removingReplicas: [],
      addingReplicas: [],
      leader: 1,
      leaderRecoveryState: 0,
      leaderEpoch: 0,
      partitionEpoch: 0,
      directories: [syntheticId(1_000), syntheticId(1_001), syntheticId(1_002)],
    }),
  );
  return [TopicRecord.of(0, { name: `t${topic}`, topicId }), ...created];
}

/** A change of ISR somewhere: what most commits of a living cluster are. */
export function change(at: number): MetadataRecord {
  const index = (at * 7_919) % (TOPICS * PARTITIONS);
  return PartitionChangeRecord.of(1, {
    partitionId: index % PARTITIONS,
    topicId: syntheticId(Math.floor(index / PARTITIONS)),
    isr: at % 2 === 0 ? [1, 2, 3] : [1, 2],
  });
}
