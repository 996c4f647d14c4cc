/**
 * `/topics`: what topics there are, by name. Their partitions are a resource of their own.
 */
import { Hono } from "hono";
import { INTERNAL_TOPICS, partitionAt, topicByName } from "../../src/metadata/index.ts";
import type { MetadataImage, Topic } from "../../src/metadata/index.ts";
import type { Scope, ScopedContext } from "../env.ts";
import { Problem } from "../http/errors.ts";
import { invalid } from "../http/fields.ts";
import { itemsOf } from "../http/lists.ts";
import { answerFromImage, answerListFromImage } from "../observer/metadata-read.ts";
import { addressOf, resource } from "../http/resources.ts";

export const topics = new Hono<Scope>();

topics.get("/", (context) => {
  refuseOperations(context, "includeAuthorizedOperations");
  return answerListFromImage(context, (image) => ({
    kind: "KafkaTopicList",
    items: itemsOf(image.topics.idsByName.keys(), (name) => ({
      key: name,
      show: () => topicDataIn(context, image, topicAt(image, name)),
    })),
  }));
});

topics.get("/:topic_name", (context) => {
  refuseOperations(context, "include_authorized_operations");
  return answerFromImage(context, (image) =>
    topicDataIn(context, image, topicAt(image, context.req.param("topic_name"))),
  );
});

/** What one may do with a topic a broker tells: no API of a controller does. */
function refuseOperations(context: ScopedContext, parameter: string): void {
  const asked = context.req.query(parameter) ?? "false";
  if (asked === "true") {
    throw new Problem("DATA_PLANE", `${parameter}: authorized operations are a broker's to tell`);
  }
  if (asked !== "false") throw invalid(parameter, "true or false");
}

/** The topic of that name; a `Problem` when there is none. */
export function topicAt(image: MetadataImage, name: string): Topic {
  const topic = topicByName(image.topics, name);
  if (topic === undefined) {
    throw new Problem("UNKNOWN_TOPIC_OR_PARTITION", `there is no topic ${name.slice(0, 250)}`);
  }
  return topic;
}

/** The topic as the image has it. */
export const topicDataIn = (
  context: ScopedContext,
  image: MetadataImage,
  { name, id, partitionCount }: Topic,
) =>
  topicData(context, {
    name,
    id,
    partitionCount,
    // Partitions may differ while a reassignment is under way; Confluent shows the first one's, and so do we.
    replicationFactor: partitionAt(image.topics, id, 0)?.replicas.length ?? 0,
  });

interface ShownTopic extends Pick<Topic, "name" | "partitionCount"> {
  /** Null for one that was only tried. */
  readonly id: Topic["id"] | null;
  readonly replicationFactor: number;
}

export function topicData(
  context: ScopedContext,
  { name, id, partitionCount, replicationFactor }: ShownTopic,
) {
  const clusterId = context.var.entry.cluster_id;
  const path = ["clusters", clusterId, "topics", name];
  return {
    ...resource(context, "KafkaTopic", path),
    cluster_id: clusterId,
    topic_name: name,
    topic_id: id,
    is_internal: INTERNAL_TOPICS.has(name),
    replication_factor: replicationFactor,
    partitions_count: partitionCount,
    partitions: { related: addressOf(context, ...path, "partitions") },
    configs: { related: addressOf(context, ...path, "configs") },
    partition_reassignments: {
      related: addressOf(context, ...path, "partitions", "-", "reassignment"),
    },
  };
}
