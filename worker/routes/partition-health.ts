/**
 * `/topics/-/partitions/-/health`: of every topic, which of its partitions are not as they should be. A cluster of ten
 * thousand partitions that are well is told in as many lines as it has topics; ours, in the style of REST v3.
 */
import { Hono } from "hono";
import {
  isReassigning,
  isUnderReplicated,
  partitionsOfTopic,
  topicById,
} from "../../src/metadata/index.ts";
import type { MetadataImage, Topic } from "../../src/metadata/index.ts";
import type { Scope, ScopedContext } from "../env.ts";
import type { ListItem } from "../http/lists.ts";
import { answerListFromImage } from "../observer/metadata-read.ts";

export const partitionHealth = new Hono<Scope>();

partitionHealth.get("/-/partitions/-/health", (context) =>
  answerListFromImage(context, (image) => ({
    kind: "KafkaPartitionHealthList",
    items: topicsOf(context, image),
  })),
);

/** By name. A partition that was looked at counts as work of its own. */
function* topicsOf(
  context: ScopedContext,
  image: MetadataImage,
): Generator<ListItem | null, void, undefined> {
  for (const id of image.topics.idsByName.values()) {
    const topic = topicById(image.topics, id);
    if (topic !== undefined) yield* topicOf(context, image, topic);
  }
}

function* topicOf(
  context: ScopedContext,
  image: MetadataImage,
  topic: Topic,
): Generator<ListItem | null, void, undefined> {
  const offline: number[] = [];
  const underReplicated: number[] = [];
  const notPreferred: number[] = [];
  const reassigning: number[] = [];
  for (const { partitionId: id, partition } of partitionsOfTopic(image.topics, topic.id)) {
    const { leader, replicas } = partition;
    if (leader < 0) offline.push(id);
    else if (leader !== replicas[0]) notPreferred.push(id);
    if (isUnderReplicated(partition)) underReplicated.push(id);
    if (isReassigning(partition)) reassigning.push(id);
    yield null;
  }
  const show = () => ({
    cluster_id: context.var.entry.cluster_id,
    topic_name: topic.name,
    topic_id: topic.id,
    partitions_count: topic.partitionCount,
    offline,
    under_replicated: underReplicated,
    not_preferred: notPreferred,
    reassigning,
  });
  yield { key: topic.name, show };
}
