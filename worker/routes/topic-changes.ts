/**
 * Changing topics in REST v3's words: `POST /topics`, `PATCH /topics/{name}` (more partitions), `DELETE
 * /topics/{name}`. Each is one call of a controller API; a refusal by Kafka becomes an HTTP error that keeps Kafka's
 * sentence.
 */
import { Hono } from "hono";
import {
  CreatePartitions,
  CreateTopics,
  DeleteTopics,
  ZERO_UUID,
} from "../../src/protocol/index.ts";
import { bodyFields } from "../http/body-fields.ts";
import type { Scope } from "../env.ts";
import {
  arrayAt,
  booleanAt,
  integerAt,
  invalid,
  mapAt,
  objectAt,
  textAt,
  IDS,
} from "../http/fields.ts";
import { callForAsker, readBack, refuseUnless, TIMEOUT_MS } from "./asker-calls.ts";
import { topicAt, topicData, topicDataIn } from "./topics.ts";

const CREATE_VERSION = 7;
const DELETE_VERSION = 6;
const GROW_VERSION = 3;
const PARTITIONS = { min: 1, max: 0x7fff_ffff } as const;
export const topicChanges = new Hono<Scope>();

topicChanges.post("/", async (context) => {
  const fields = await bodyFields(context.req.raw, [
    "topic_name",
    "partitions_count",
    "replication_factor",
    "replicas_assignments",
    "configs",
    "validate_only",
  ]);
  const name = textAt(fields["topic_name"], "topic_name");
  const validateOnly = booleanAt(fields["validate_only"] ?? false, "validate_only");
  const topic = { name, ...placementOf(fields), configs: configsOf(fields["configs"]) };
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
  const fields = await bodyFields(context.req.raw, ["partitions_count"]);
  const count = integerAt(fields["partitions_count"], "partitions_count", PARTITIONS);
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
function placementOf(fields: Readonly<Record<string, unknown>>) {
  const partitions = fields["partitions_count"] ?? undefined;
  const factor = fields["replication_factor"] ?? undefined;
  const given = Object.entries(mapAt(fields["replicas_assignments"] ?? {}, "replicas_assignments"));
  if (given.length > 0) {
    if (partitions !== undefined || factor !== undefined) {
      throw invalid(
        "replicas_assignments",
        "alone, without partitions_count and replication_factor",
      );
    }
    const assignments = given.map(([partition, ids]) => assignmentOf(partition, ids));
    return { numPartitions: -1, replicationFactor: -1, assignments };
  }
  return {
    numPartitions:
      partitions === undefined ? -1 : integerAt(partitions, "partitions_count", PARTITIONS),
    replicationFactor:
      factor === undefined ? -1 : integerAt(factor, "replication_factor", { min: 1, max: 0x7fff }),
    assignments: [],
  };
}

/** One entry of the map: a partition's number as text, and the ids of the brokers with its replicas. */
function assignmentOf(partition: string, ids: unknown) {
  const path = `replicas_assignments.${partition.slice(0, 20)}`;
  const partitionIndex = /^\d{1,10}$/.test(partition) ? Number(partition) : partition;
  return {
    partitionIndex: integerAt(partitionIndex, path, IDS),
    brokerIds: arrayAt(ids, path).map((id, index) => integerAt(id, `${path}[${index}]`, IDS)),
  };
}

/** A value that is null or left out is Kafka's null, which Kafka itself refuses where it may not be. */
function configsOf(given: unknown) {
  return arrayAt(given ?? [], "configs").map((item, at) => {
    const { name, value = null } = objectAt(item, `configs[${at}]`, ["name", "value"]);
    return {
      name: textAt(name, `configs[${at}].name`),
      value: value === null ? null : textAt(value, `configs[${at}].value`),
    };
  });
}
