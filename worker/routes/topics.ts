/**
 * `/topics`: what topics there are, by name. Their partitions are a resource of their own.
 */
import { Hono } from "hono";
import type { MetadataImage } from "../../src/metadata/index.ts";
import type { Uuid } from "../../src/protocol/index.ts";
import type { Scope, ScopedContext } from "../env.ts";
import { Problem } from "../errors.ts";
import { answerFromImage } from "../observe.ts";
import { pageOf, pageRequest } from "../pages.ts";
import { addressOf, pagedList, resource } from "../resources.ts";

export interface NamedTopic {
  readonly name: string;
  readonly id: Uuid;
}

/** Topics that brokers keep for themselves (Kafka's `Topic.isInternal`). */
const INTERNAL = new Set(["__consumer_offsets", "__transaction_state", "__share_group_state"]);

export const topics = new Hono<Scope>();

topics.get("/", (context) => {
  const page = pageRequest(context.req.query("page_size"), context.req.query("page_token"));
  return answerFromImage(context, ({ image }) => {
    const named = [...image.topics.all()].toSorted((one, other) =>
      one.name < other.name ? -1 : 1,
    );
    const { items, last } = pageOf(named, (topic) => topic.name, page);
    const data = items.map((topic) => topicData(context, image, topic));
    return pagedList(context, "KafkaTopicList", { data, last });
  });
});

topics.get("/:topic_name", (context) =>
  answerFromImage(context, ({ image }) =>
    topicData(context, image, topicAt(image, context.req.param("topic_name"))),
  ),
);

/** The topic of that name; a `Problem` when there is none. */
export function topicAt(image: MetadataImage, name: string): NamedTopic {
  const topic = image.topics.byName(name);
  if (topic === undefined) {
    throw new Problem("UNKNOWN_TOPIC_OR_PARTITION", `there is no topic ${name.slice(0, 250)}`);
  }
  return topic;
}

function topicData(context: ScopedContext, image: MetadataImage, { name, id }: NamedTopic) {
  const clusterId = context.var.entry.cluster_id;
  const path = ["clusters", clusterId, "topics", name];
  return {
    ...resource(context, "KafkaTopic", path),
    cluster_id: clusterId,
    topic_name: name,
    topic_id: id,
    is_internal: INTERNAL.has(name),
    // Partitions may differ while a reassignment is under way; Confluent shows the first one's, and so do we.
    replication_factor: image.topics.partition(id, 0)?.replicas.length ?? 0,
    partitions_count: image.topics.partitionCount(id),
    partitions: { related: addressOf(context, ...path, "partitions") },
  };
}
