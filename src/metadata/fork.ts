/**
 * What a fork begins with: another cluster's metadata, as it was, without those who took part in it. Its brokers are
 * not there, so each is fenced, as if all had gone silent at once; its controllers are other ones, which register
 * themselves; and a delegation token is for the cluster that gave it: the key may be the same, so a copy would log in
 * to both.
 *
 * Broker epochs and partition epochs stay: offsets go on from where the other log stood, so the next epoch is a larger
 * one here too.
 */
import type { MetadataRecord } from "../protocol/index.ts";
import { NO_NODES, type ClusterImage } from "./image/cluster-image.ts";
import { NO_DELEGATION_TOKENS } from "./image/delegation-tokens-image.ts";
import { imageToRecords } from "./image/image-to-records.ts";
import type { MetadataImage } from "./image/metadata-image.ts";
import { mergePartition, type Partition } from "./image/partition.ts";
import type { PartitionRow } from "./image/topics-image.ts";
import { partitionChanger } from "./partitions/partition-rules.ts";

/** The records of a snapshot that a fork of `image` begins with; `image` is in no open transaction. */
export function forkRecords(image: MetadataImage): Generator<MetadataRecord, void, undefined> {
  const { topics, ...same } = image;
  const cluster = withoutNodes(image.cluster);
  const fork = { ...same, topics, cluster, delegationTokens: NO_DELEGATION_TOKENS };
  return imageToRecords(fork, withoutBrokers(fork));
}

const withoutNodes = (cluster: ClusterImage): ClusterImage => {
  let { brokers } = cluster;
  for (const [id, broker] of cluster.brokers)
    brokers = brokers.set(id, { ...broker, fenced: true });
  return { ...NO_NODES, brokers };
};

/**
 * What is left of a partition when all its brokers go at once. None of them is ahead of the others, so every one that
 * was in sync may lead when it comes back: it stays in the ISR, or where there are eligible leader replicas among
 * those.
 */
function withoutBrokers(fork: MetadataImage): (row: PartitionRow) => Partition {
  const change = partitionChanger(fork);
  const nobody = { election: "online", isActive: () => false } as const;
  return (row) => {
    const record = change(row, { isr: [] }, nobody);
    return record === null ? row.partition : mergePartition(row.partition, record.data);
  };
}
