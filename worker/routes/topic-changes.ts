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
  ErrorCode,
  ZERO_UUID,
  errorName,
} from "../../src/protocol/index.ts";
import type { Api, ResponseOf } from "../../src/protocol/index.ts";
import type { MetadataImage } from "../../src/metadata/index.ts";
import { parseJson, readText } from "../http/body.ts";
import type { Scope, ScopedContext } from "../env.ts";
import { Problem } from "../http/errors.ts";
import { arrayAt, booleanAt, integerAt, invalid, objectAt, textAt } from "../http/fields.ts";
import { callKafka } from "../channel/kafka-calls.ts";
import type { KafkaCall } from "../channel/kafka-calls.ts";
import { observe } from "../observer/metadata-read.ts";
import { topicAt, topicData } from "./topics.ts";

const CREATE_VERSION = 7;
const DELETE_VERSION = 6;
const GROW_VERSION = 3;
/** How long a controller may take to commit the change, in Kafka's requests. */
const TIMEOUT_MS = 30_000;
const PARTITIONS = { min: 1, max: 0x7fff_ffff } as const;
const BROKER_IDS = { min: 0, max: 0x7fff_ffff } as const;

export const topicChanges = new Hono<Scope>();

topicChanges.post("/", async (context) => {
  const fields = objectAt(parseJson(await readText(context.req.raw)), "", [
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
  const answer = await change(context, { api: CreateTopics, version: CREATE_VERSION, request });
  refuseUnless(answer.topics[0], name);
  if (validateOnly) return context.body(null, 200);
  const image = await readBack(context);
  const data = topicData(context, image, topicAt(image, name));
  return context.json(data, 201, { Location: data.metadata.self });
});

topicChanges.patch("/:topic_name", async (context) => {
  const name = context.req.param("topic_name");
  const fields = objectAt(parseJson(await readText(context.req.raw)), "", ["partitions_count"]);
  const count = integerAt(fields["partitions_count"], "partitions_count", PARTITIONS);
  const request = {
    topics: [{ name, count, assignments: null }],
    timeoutMs: TIMEOUT_MS,
    validateOnly: false,
  };
  const answer = await change(context, { api: CreatePartitions, version: GROW_VERSION, request });
  refuseUnless(answer.results[0], name);
  const image = await readBack(context);
  return context.json(topicData(context, image, topicAt(image, name)));
});

topicChanges.delete("/:topic_name", async (context) => {
  const name = context.req.param("topic_name");
  const request = { topics: [{ name, topicId: ZERO_UUID }], timeoutMs: TIMEOUT_MS };
  const answer = await change(context, { api: DeleteTopics, version: DELETE_VERSION, request });
  refuseUnless(answer.responses[0], name);
  return context.body(null, 204);
});

/** The active controller's response; its position becomes this answer's. */
async function change<A extends Api>(
  context: ScopedContext,
  asked: Omit<KafkaCall<A>, "bearer">,
): Promise<ResponseOf<A>> {
  const { entry, asker } = context.var;
  const call: KafkaCall<A> = { ...asked, bearer: asker.bearer };
  const { response, position } = await callKafka(context.env, entry, call);
  context.set("position", position);
  return response;
}

/**
 * The image as it is after this request's own change: a controller that has not replayed it yet may serve the read,
 * so the change's position is what the read demands. When no controller has it in time, the refusal says that the
 * change is committed, lest the client repeat it.
 */
async function readBack(context: ScopedContext): Promise<MetadataImage> {
  const { env, var: variables } = context;
  const minOffset = variables.position?.offset;
  try {
    const { image, position } = await observe(env, variables.entry, { minOffset });
    context.set("position", position);
    return image;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const message = `the change is committed, but could not be read back: ${error.message}`;
    throw new Problem(error.kind, message, { cause: error });
  }
}

/** What the cluster's authorizer refuses, and what a token's role does. */
const DENIALS: ReadonlySet<number> = new Set([
  ErrorCode.TOPIC_AUTHORIZATION_FAILED,
  ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
]);

/** Kafka's refusal of the one item that was asked for, as an HTTP error. */
function refuseUnless(
  item: { readonly errorCode: number; readonly errorMessage: string | null } | undefined,
  name: string,
): void {
  const code = item?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR;
  if (code === ErrorCode.NONE) return;
  const message = `${errorName(code)}: ${item?.errorMessage ?? name}`;
  const isUnknown =
    code === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION || code === ErrorCode.UNKNOWN_TOPIC_ID;
  if (isUnknown) throw new Problem("UNKNOWN_TOPIC_OR_PARTITION", message);
  if (code === ErrorCode.REQUEST_TIMED_OUT) throw new Problem("OUTCOME_UNKNOWN", message);
  throw new Problem(DENIALS.has(code) ? "FORBIDDEN" : "INVALID_REQUEST", message);
}

/** Counts, or an assignment of replicas to brokers: never both. -1: the cluster's default (KIP-464). */
function placementOf(fields: Readonly<Record<string, unknown>>) {
  const {
    partitions_count: partitions,
    replication_factor: factor,
    replicas_assignments: given,
  } = fields;
  if (given !== undefined) {
    if (partitions !== undefined || factor !== undefined) {
      throw invalid(
        "replicas_assignments",
        "alone, without partitions_count and replication_factor",
      );
    }
    const assignments = arrayAt(given, "replicas_assignments").map((item, at) =>
      assignmentOf(item, at),
    );
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

function assignmentOf(item: unknown, at: number) {
  const path = `replicas_assignments[${at}]`;
  const fields = objectAt(item, path, ["partition_id", "broker_ids"]);
  return {
    partitionIndex: integerAt(fields["partition_id"], `${path}.partition_id`, BROKER_IDS),
    brokerIds: arrayAt(fields["broker_ids"], `${path}.broker_ids`).map((id, index) =>
      integerAt(id, `${path}.broker_ids[${index}]`, BROKER_IDS),
    ),
  };
}

function configsOf(given: unknown) {
  if (given === undefined) return [];
  return arrayAt(given, "configs").map((item, at) => {
    const fields = objectAt(item, `configs[${at}]`, ["name", "value"]);
    const { name, value } = fields;
    return {
      name: textAt(name, `configs[${at}].name`),
      value: value === null ? null : textAt(value, `configs[${at}].value`),
    };
  });
}
