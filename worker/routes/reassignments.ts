/**
 * `/topics/…/reassignment`: partitions on their way to other replicas (KIP-455), of a cluster, of a topic, and of one
 * partition, which can be asked when none is under way: then nothing is added or removed. Ours in the same style: `POST`
 * begins, changes or cancels one.
 */
import { Hono } from "hono";
import * as v from "valibot";
import {
  isReassigning,
  partitionsOfTopic,
  reassigningPartitions,
  topicById,
  type MetadataImage,
} from "../../src/metadata/index.ts";
import { AlterPartitionReassignments } from "../../src/protocol/index.ts";
import { bodyOf } from "../http/body-fields.ts";
import type { Scope, ScopedContext } from "../env.ts";
import { fieldsOf, IDS, listOf, valueAt, wholeNumber } from "../http/fields.ts";
import { itemsOf, numberKey, type ListItem } from "../http/lists.ts";
import { answerFromImage, answerListFromImage } from "../observer/metadata-read.ts";
import { addressOf, resource } from "../http/resources.ts";
import { callForAsker, readBack, refuseUnless, TIMEOUT_MS } from "./asker-calls.ts";
import { partitionPath, presentPartition, type PlacedPartition } from "./partitions.ts";
import { topicAt } from "./topics.ts";

const VERSION = 1;

/** The preferred leader first; null cancels what is under way. */
export const REASSIGNMENT = fieldsOf({ replicas: v.nullable(listOf(wholeNumber(IDS))) });

export const reassignments = new Hono<Scope>();

reassignments.get("/-/partitions/-/reassignment", (context) =>
  answerListFromImage(context, (image) => ({
    kind: "KafkaReassignmentList",
    items: itemsOf(allUnderWay(image), ({ key, placed }) => ({
      key,
      show: () => reassignmentData(context, placed),
    })),
  })),
);

reassignments.get("/:topic_name/partitions/-/reassignment", (context) =>
  answerListFromImage(context, (image) => {
    const topic = topicAt(image, context.req.param("topic_name"));
    return {
      kind: "KafkaReassignmentList",
      items: itemsOf(
        partitionsOfTopic(image.topics, topic.id),
        ({ partitionId: id, partition }): ListItem | null => {
          if (!isReassigning(partition)) return null;
          const show = () => reassignmentData(context, { topic, id, partition });
          return { key: numberKey(id), show };
        },
      ),
    };
  }),
);

reassignments.get("/:topic_name/partitions/:partition_id{[0-9]+}/reassignment", (context) =>
  answerFromImage(context, (image) =>
    reassignmentData(context, presentPartition(image, context.req.param())),
  ),
);

reassignments.post(
  "/:topic_name/partitions/:partition_id{[0-9]+}/reassignment",
  async (context) => {
    const { topic_name: name, partition_id: id } = context.req.param();
    const { replicas } = await bodyOf(context.req.raw, REASSIGNMENT);
    const partition = { partitionIndex: partitionIndex(id), replicas };
    const request = { timeoutMs: TIMEOUT_MS, topics: [{ name, partitions: [partition] }] };
    const call = { api: AlterPartitionReassignments, version: VERSION, request };
    const answer = await callForAsker(context, call);
    refuseUnless(answer, name);
    refuseUnless(answer.responses[0]?.partitions[0], `partition ${id} of topic ${name}`);
    const image = await readBack(context);
    return context.json(reassignmentData(context, presentPartition(image, context.req.param())));
  },
);

const partitionIndex = (text: string): number =>
  valueAt(wholeNumber(IDS), Number(text), "partition_id");

/** Of the whole cluster, by topic's name and partition: as many as somebody has asked for. */
function allUnderWay(
  image: MetadataImage,
): readonly { readonly key: string; readonly placed: PlacedPartition }[] {
  const found = [];
  for (const { topicId, partitionId: id, partition } of reassigningPartitions(image.topics)) {
    const topic = topicById(image.topics, topicId);
    // A blank comes before all letters of a name, so keys sort as names do.
    if (topic !== undefined) {
      found.push({ key: `${topic.name} ${numberKey(id)}`, placed: { topic, id, partition } });
    }
  }
  return found.toSorted((one, other) => (one.key < other.key ? -1 : 1));
}

function reassignmentData(context: ScopedContext, placed: PlacedPartition) {
  const { topic, id, partition } = placed;
  const path = partitionPath(context, placed);
  const { kind, metadata } = resource(context, "KafkaReassignment", path);
  return {
    kind,
    metadata: {
      self: addressOf(context, ...path, "reassignment"),
      resource_name: `${metadata.resource_name}/reassignment`,
    },
    cluster_id: context.var.entry.cluster_id,
    topic_name: topic.name,
    partition_id: id,
    adding_replicas: partition.addingReplicas,
    removing_replicas: partition.removingReplicas,
    replicas: { related: addressOf(context, ...path, "replicas") },
  };
}
