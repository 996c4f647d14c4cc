/**
 * Changing topics in REST v3's words: `POST /topics`, `PATCH /topics/{name}` (more partitions), `DELETE
 * /topics/{name}`. Each is one call of a controller API; a refusal by Kafka becomes an HTTP error that keeps Kafka's
 * sentence.
 */
import { Hono } from "hono";
import * as v from "valibot";
import {
  CreatePartitions,
  CreateTopics,
  DeleteTopics,
  ZERO_UUID,
} from "../../src/protocol/index.ts";
import { bodyOf } from "../http/body-fields.ts";
import type { Scope } from "../env.ts";
import { fieldsOf, IDS, invalid, listOf, mapOf, text, truth, wholeNumber } from "../http/fields.ts";
import { callForAsker, readBack, refuseUnless, TIMEOUT_MS } from "./asker-calls.ts";
import { topicAt, topicData, topicDataIn } from "./topics.ts";

const CREATE_VERSION = 7;
const DELETE_VERSION = 6;
const GROW_VERSION = 3;
const PARTITIONS = { min: 1, max: 0x7fff_ffff } as const;

const PARTITION_NUMBER = "must have partitions for its keys: whole numbers from 0 on";

/** A config's value that is null or left out is Kafka's null, which Kafka itself refuses where it may not be. */
export const TOPIC_CREATION = fieldsOf({
  topic_name: text,
  partitions_count: v.nullish(wholeNumber(PARTITIONS)),
  replication_factor: v.nullish(wholeNumber({ min: 1, max: 0x7fff })),
  replicas_assignments: v.nullish(
    mapOf(
      v.pipe(
        v.string(),
        v.regex(/^[0-9]{1,10}$/, PARTITION_NUMBER),
        v.check((id) => Number(id) <= IDS.max, PARTITION_NUMBER),
      ),
      listOf(wholeNumber(IDS)),
    ),
    {},
  ),
  configs: v.nullish(listOf(fieldsOf({ name: text, value: v.nullish(text, null) })), []),
  validate_only: v.nullish(truth, false),
});

export const TOPIC_GROWTH = fieldsOf({ partitions_count: wholeNumber(PARTITIONS) });

export const topicChanges = new Hono<Scope>();

topicChanges.post("/", async (context) => {
  const body = await bodyOf(context.req.raw, TOPIC_CREATION);
  const { topic_name: name, configs, validate_only: validateOnly } = body;
  const topic = { name, ...placementOf(body), configs };
  const request = { topics: [topic], timeoutMs: TIMEOUT_MS, validateOnly };
  const call = { api: CreateTopics, version: CREATE_VERSION, request };
  const [created] = (await callForAsker(context, call)).topics;
  refuseUnless(created, name);
  if (validateOnly) {
    const { numPartitions: partitionCount = -1, replicationFactor = -1 } = created ?? {};
    return context.json(topicData(context, { name, id: null, partitionCount, replicationFactor }));
  }
  const image = await readBack(context);
  const data = topicDataIn(context, image, topicAt(image, name));
  return context.json(data, 201, { Location: data.metadata.self });
});

topicChanges.patch("/:topic_name", async (context) => {
  const name = context.req.param("topic_name");
  const { partitions_count: count } = await bodyOf(context.req.raw, TOPIC_GROWTH);
  const request = {
    topics: [{ name, count, assignments: null }],
    timeoutMs: TIMEOUT_MS,
    validateOnly: false,
  };
  const answer = await callForAsker(context, {
    api: CreatePartitions,
    version: GROW_VERSION,
    request,
  });
  refuseUnless(answer.results[0], name);
  const image = await readBack(context);
  return context.json(topicDataIn(context, image, topicAt(image, name)));
});

topicChanges.delete("/:topic_name", async (context) => {
  const name = context.req.param("topic_name");
  const request = { topics: [{ name, topicId: ZERO_UUID }], timeoutMs: TIMEOUT_MS };
  const answer = await callForAsker(context, {
    api: DeleteTopics,
    version: DELETE_VERSION,
    request,
  });
  refuseUnless(answer.responses[0], name);
  return context.body(null, 204);
});

/** Counts, or an assignment of replicas to brokers: never both. -1: the cluster's default (KIP-464). */
function placementOf({
  partitions_count: partitions,
  replication_factor: factor,
  replicas_assignments: given,
}: v.InferOutput<typeof TOPIC_CREATION>) {
  const assignments = Object.entries(given).map(([partition, brokerIds]) => ({
    partitionIndex: Number(partition),
    brokerIds,
  }));
  const isCounted = (partitions ?? factor ?? undefined) !== undefined;
  if (assignments.length > 0 && isCounted)
    throw invalid("replicas_assignments", "alone, without partitions_count and replication_factor");
  return { numPartitions: partitions ?? -1, replicationFactor: factor ?? -1, assignments };
}
