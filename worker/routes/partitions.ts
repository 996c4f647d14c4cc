/**
 * `/topics/{name}/partitions`: leader, ISR, epochs and replicas of each, and the replicas one by one. Kafka's
 * own fields that Confluent's REST v3 lacks are added.
 */
import { Hono } from "hono";
import { partitionAt, partitionsOfTopic } from "../../src/metadata/index.ts";
import type { MetadataImage, Partition, Topic } from "../../src/metadata/index.ts";
import type { Scope, ScopedContext } from "../env.ts";
import { Problem } from "../http/errors.ts";
import { answerFromImage } from "../observer/metadata-read.ts";
import { addressOf, resource, wholeList } from "../http/resources.ts";
import { topicAt } from "./topics.ts";

export const partitions = new Hono<Scope>();

partitions.get("/:topic_name/partitions", (context) =>
  answerFromImage(context, (image) => {
    const topic = topicAt(image, context.req.param("topic_name"));
    const data = [...partitionsOfTopic(image.topics, topic.id)].map(({ partitionId, partition }) =>
      partitionData(context, topic, { id: partitionId, partition }),
    );
    return wholeList(context, "KafkaPartitionList", data);
  }),
);

partitions.get("/:topic_name/partitions/:partition_id{[0-9]+}", (context) =>
  answerFromImage(context, (image) => {
    const topic = topicAt(image, context.req.param("topic_name"));
    const id = Number(context.req.param("partition_id"));
    return partitionData(context, topic, { id, partition: presentPartition(image, topic, id) });
  }),
);

partitions.get("/:topic_name/partitions/:partition_id{[0-9]+}/replicas", (context) =>
  answerFromImage(context, (image) => {
    const topic = topicAt(image, context.req.param("topic_name"));
    const id = Number(context.req.param("partition_id"));
    const partition = presentPartition(image, topic, id);
    const data = partition.replicas.map((brokerId) =>
      replicaData(context, topic, { id, partition, brokerId }),
    );
    return wholeList(context, "KafkaReplicaList", data);
  }),
);

function presentPartition(image: MetadataImage, topic: Topic, id: number): Partition {
  const partition = partitionAt(image.topics, topic.id, id);
  if (partition === undefined) {
    throw new Problem("UNKNOWN_TOPIC_OR_PARTITION", `topic ${topic.name} has no partition ${id}`);
  }
  return partition;
}

interface NumberedPartition {
  readonly id: number;
  readonly partition: Partition;
}

function partitionData(context: ScopedContext, topic: Topic, { id, partition }: NumberedPartition) {
  const clusterId = context.var.entry.cluster_id;
  const path = ["clusters", clusterId, "topics", topic.name, "partitions", id];
  return {
    ...resource(context, "KafkaPartition", path),
    cluster_id: clusterId,
    topic_name: topic.name,
    partition_id: id,
    replicas: { related: addressOf(context, ...path, "replicas") },
    /** -1 when the partition has no leader. */
    leader_id: partition.leader,
    leader_epoch: partition.leaderEpoch,
    partition_epoch: partition.partitionEpoch,
    leader_recovery_state: partition.leaderRecoveryState === 0 ? "RECOVERED" : "RECOVERING",
    replica_ids: partition.replicas,
    isr_ids: partition.isr,
    elr_ids: partition.eligibleLeaderReplicas,
    last_known_elr_ids: partition.lastKnownElr,
    adding_replica_ids: partition.addingReplicas,
    removing_replica_ids: partition.removingReplicas,
    directory_ids: partition.directories,
  };
}

interface NumberedReplica extends NumberedPartition {
  readonly brokerId: number;
}

function replicaData(
  context: ScopedContext,
  topic: Topic,
  { id, partition, brokerId }: NumberedReplica,
) {
  const clusterId = context.var.entry.cluster_id;
  const path = [
    "clusters",
    clusterId,
    "topics",
    topic.name,
    "partitions",
    id,
    "replicas",
    brokerId,
  ];
  return {
    ...resource(context, "KafkaReplica", path),
    cluster_id: clusterId,
    topic_name: topic.name,
    partition_id: id,
    broker_id: brokerId,
    is_leader: partition.leader === brokerId,
    is_in_sync: partition.isr.includes(brokerId),
    broker: { related: addressOf(context, "clusters", clusterId, "brokers", brokerId) },
  };
}
