/**
 * `/topics/{name}/partitions`: leader, ISR, epochs and replicas of each, and the replicas one by one. Kafka's
 * own fields that Confluent's REST v3 lacks are added.
 */
import { Hono } from "hono";
import { partitionAt, partitionsOfTopic } from "../../src/metadata/index.ts";
import type { MetadataImage, Partition, Topic } from "../../src/metadata/index.ts";
import type { Scope, ScopedContext } from "../env.ts";
import { Problem } from "../http/errors.ts";
import { itemsOf, numberKey } from "../http/lists.ts";
import { answerFromImage, answerListFromImage } from "../observer/metadata-read.ts";
import { addressOf, resource } from "../http/resources.ts";
import { topicAt } from "./topics.ts";

export const partitions = new Hono<Scope>();

partitions.get("/:topic_name/partitions", (context) =>
  answerListFromImage(context, (image) => {
    const topic = topicAt(image, context.req.param("topic_name"));
    return {
      kind: "KafkaPartitionList",
      items: itemsOf(
        partitionsOfTopic(image.topics, topic.id),
        ({ partitionId: id, partition }) => ({
          key: numberKey(id),
          show: () => partitionData(context, { topic, id, partition }),
        }),
      ),
    };
  }),
);

partitions.get("/:topic_name/partitions/:partition_id{[0-9]+}", (context) =>
  answerFromImage(context, (image) =>
    partitionData(context, presentPartition(image, context.req.param())),
  ),
);

partitions.get("/:topic_name/partitions/:partition_id{[0-9]+}/replicas", (context) =>
  answerListFromImage(context, (image) => {
    const present = presentPartition(image, context.req.param());
    return {
      kind: "KafkaReplicaList",
      // In the order of the partition, which begins with its preferred leader: a page goes by place.
      items: present.partition.replicas.map((brokerId, place) => ({
        key: numberKey(place),
        show: () => replicaData(context, present, brokerId),
      })),
    };
  }),
);

partitions.get(
  "/:topic_name/partitions/:partition_id{[0-9]+}/replicas/:broker_id{[0-9]+}",
  (context) =>
    answerFromImage(context, (image) => {
      const present = presentPartition(image, context.req.param());
      const brokerId = Number(context.req.param("broker_id"));
      if (!present.partition.replicas.includes(brokerId)) {
        const which = `partition ${present.id} of topic ${present.topic.name}`;
        throw new Problem("UNKNOWN_REPLICA", `${which} has no replica on broker ${brokerId}`);
      }
      return replicaData(context, present, brokerId);
    }),
);

export interface PlacedPartition {
  readonly topic: Topic;
  readonly id: number;
  readonly partition: Partition;
}

/** The partition that a path names; a `Problem` when there is none. */
export function presentPartition(
  image: MetadataImage,
  path: { readonly topic_name: string; readonly partition_id: string },
): PlacedPartition {
  const topic = topicAt(image, path.topic_name);
  const id = Number(path.partition_id);
  const partition = partitionAt(image.topics, topic.id, id);
  if (partition === undefined) {
    throw new Problem("UNKNOWN_TOPIC_OR_PARTITION", `topic ${topic.name} has no partition ${id}`);
  }
  return { topic, id, partition };
}

/** Where a partition is, below the interface's base. */
export const partitionPath = (
  context: ScopedContext,
  { topic, id }: Pick<PlacedPartition, "topic" | "id">,
): readonly (string | number)[] => [
  "clusters",
  context.var.entry.cluster_id,
  "topics",
  topic.name,
  "partitions",
  id,
];

function partitionData(context: ScopedContext, placed: PlacedPartition) {
  const { topic, id, partition } = placed;
  const path = partitionPath(context, placed);
  return {
    ...resource(context, "KafkaPartition", path),
    cluster_id: context.var.entry.cluster_id,
    topic_name: topic.name,
    partition_id: id,
    ...(partition.leader < 0
      ? {}
      : { leader: { related: addressOf(context, ...path, "replicas", partition.leader) } }),
    replicas: { related: addressOf(context, ...path, "replicas") },
    reassignment: { related: addressOf(context, ...path, "reassignment") },
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

export function replicaData(context: ScopedContext, placed: PlacedPartition, brokerId: number) {
  const { topic, id, partition } = placed;
  const clusterId = context.var.entry.cluster_id;
  const path = [...partitionPath(context, placed), "replicas", brokerId];
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
