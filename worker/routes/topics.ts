/**
 * `/topics`: what topics there are, by name. Their partitions are a resource of their own.
 */
import { Hono } from "hono";
import { INTERNAL_TOPICS, partitionAt, topicByName } from "../../src/metadata/index.ts";
import type { MetadataImage, Topic } from "../../src/metadata/index.ts";
import type { Scope, ScopedContext } from "../env.ts";
import { Problem } from "../http/errors.ts";
import { answerFromImage } from "../observer/metadata-read.ts";
import { pageOf, pageRequest } from "../http/pages.ts";
import { addressOf, pagedList, resource } from "../http/resources.ts";

export const topics = new Hono<Scope>();

topics.get("/", (context) => {
  const page = pageRequest(context.req.query("page_size"), context.req.query("page_token"));
  return answerFromImage(context, (image) => {
    const { items, last } = pageOf([...image.topics.idsByName.keys()], (name) => name, page);
    const data = items.map((name) => topicData(context, image, topicAt(image, name)));
    return pagedList(context, "KafkaTopicList", { data, last });
  });
});

topics.get("/:topic_name", (context) =>
  answerFromImage(context, (image) =>
    topicData(context, image, topicAt(image, context.req.param("topic_name"))),
  ),
);

/** The topic of that name; a `Problem` when there is none. */
export function topicAt(image: MetadataImage, name: string): Topic {
  const topic = topicByName(image.topics, name);
  if (topic === undefined) {
    throw new Problem("UNKNOWN_TOPIC_OR_PARTITION", `there is no topic ${name.slice(0, 250)}`);
  }
  return topic;
}

export function topicData(
  context: ScopedContext,
  image: MetadataImage,
  { name, id, partitionCount }: Topic,
) {
  const clusterId = context.var.entry.cluster_id;
  const path = ["clusters", clusterId, "topics", name];
  return {
    ...resource(context, "KafkaTopic", path),
    cluster_id: clusterId,
    topic_name: name,
    topic_id: id,
    is_internal: INTERNAL_TOPICS.has(name),
    // Partitions may differ while a reassignment is under way; Confluent shows the first one's, and so do we.
    replication_factor: partitionAt(image.topics, id, 0)?.replicas.length ?? 0,
    partitions_count: partitionCount,
    partitions: { related: addressOf(context, ...path, "partitions") },
  };
}
