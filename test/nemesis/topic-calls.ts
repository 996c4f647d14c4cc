/**
 * One operation on a topic as a call over HTTP, and what its answer means: an outcome, a refusal that certainly changed
 * nothing, or nothing that anybody knows. Writes are Kafka's own APIs, so an outcome is Kafka's code.
 */
import { authorized, posted, type Deployment } from "../../client/cluster-client.ts";
import { positionIn, type Position } from "../../durable-objects/contract.ts";
import { ErrorCode, errorName } from "../../src/protocol/index.ts";
import type { TopicInput, TopicOutput } from "../linearizability/topic.ts";

export type Told =
  | { readonly kind: "answered"; readonly output: TopicOutput; readonly position: Position }
  /** Nothing was changed, or shown. */
  | { readonly kind: "refused"; readonly why: string }
  | { readonly kind: "unknown"; readonly why: string }
  /** What no fault explains. */
  | { readonly kind: "unexpected"; readonly why: string };

export interface TopicCaller {
  readonly deployment: Deployment;
  readonly clusterId: string;
  /** How it writes, where that is not over HTTP. */
  readonly write?: (input: TopicInput) => Promise<Told>;
}

/** Longer than an election, and shorter than most would wait: what is not answered by then is not known. */
const PATIENCE_MS = 4_000;
const TOPIC_RESOURCE = 2;
const SET = 0;

/** What is answered of one topic. */
export interface Item {
  readonly errorCode: number;
  readonly topicId?: string;
}

/** Kafka's codes that are outcomes of an operation, by its kind. */
const OUTCOMES: Readonly<Record<string, Readonly<Record<number, TopicOutput["kind"]>>>> = {
  create: { [ErrorCode.TOPIC_ALREADY_EXISTS]: "exists" },
  delete: {
    [ErrorCode.NONE]: "deleted",
    [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]: "unknown-topic",
  },
  grow: {
    [ErrorCode.NONE]: "grown",
    [ErrorCode.INVALID_PARTITIONS]: "not-more",
    [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]: "unknown-topic",
  },
  "set-config": {
    [ErrorCode.NONE]: "config-set",
    [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]: "unknown-topic",
  },
};

/** Codes by which nothing was done: every broker is fenced, or the controller has too much to do. */
const WITHOUT_EFFECT: ReadonlySet<number> = new Set([
  ErrorCode.INVALID_REPLICATION_FACTOR,
  ErrorCode.REQUEST_TIMED_OUT,
]);

/** Codes of the HTTP interface that say that nothing was changed, or shown (docs/HTTP.md). */
const REFUSALS: ReadonlySet<number> = new Set([50_301, 50_303, 50_304, 50_305, 50_308]);
const OUTCOME_UNKNOWN = 50_302;
const NO_SUCH_TOPIC = 40_403;

/** Performs a write. */
export async function write(caller: TopicCaller, input: TopicInput): Promise<Told> {
  if (caller.write !== undefined) return await caller.write(input);
  const [api, body] = requestOf(input);
  const answer = await post(caller, `rpc/${api}`, body);
  if (answer.kind !== "body") return withoutBody(answer);
  const { topics, responses, results } = answer.body;
  const [item] = topics ?? responses ?? results ?? [];
  if (item === undefined) return { kind: "unexpected", why: `${api} was answered with no item` };
  return toldOf(input, item, answer.position);
}

/** What Kafka's code means that a write of one topic was answered with. */
export function toldOf(
  input: TopicInput,
  { errorCode: code, topicId = "" }: Item,
  position: Position,
): Told {
  if (input.kind === "create" && code === ErrorCode.NONE)
    return { kind: "answered", output: { kind: "created", topicId }, position };
  const kind = OUTCOMES[input.kind]?.[code];
  if (kind !== undefined) return { kind: "answered", output: outcome(kind), position };
  const why = `${input.kind}: ${errorName(code)}`;
  return { kind: WITHOUT_EFFECT.has(code) ? "refused" : "unexpected", why };
}

/** What a topic is, in an image as fresh as the query's parameters ask for. */
export async function describe(
  caller: TopicCaller,
  topic: string,
  parameters: string,
): Promise<Told> {
  const answer = await ask(caller, `topics/${topic}?${parameters}`, {});
  if (answer.kind !== "body") return withoutBody(answer);
  const { topic_id: topicId = "", partitions_count: partitions = -1 } = answer.body;
  const output = { kind: "described", topicId, partitions } as const;
  return { kind: "answered", output, position: answer.position };
}

/** What a topic's own value of a config is, as the active controller knows it. */
export async function readConfig(caller: TopicCaller, topic: string, name: string): Promise<Told> {
  const resource = {
    resourceType: TOPIC_RESOURCE,
    resourceName: topic,
    configurationKeys: [name],
  };
  const answer = await post(caller, "rpc/DescribeConfigs", { resources: [resource] });
  if (answer.kind !== "body") return withoutBody(answer);
  const [result] = answer.body.results ?? [];
  const { position } = answer;
  if (result?.errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    return { kind: "answered", output: { kind: "unknown-topic" }, position };
  if (result?.errorCode !== ErrorCode.NONE)
    return { kind: "unexpected", why: `DescribeConfigs: ${errorName(result?.errorCode ?? -1)}` };
  const config = result.configs?.find((each) => each.name === name);
  const value = config?.configSource === OWN_VALUE ? config.value : null;
  return { kind: "answered", output: { kind: "config", value }, position };
}

/** Kafka's `ConfigSource.DYNAMIC_TOPIC_CONFIG`. */
const OWN_VALUE = 1;

const outcome = (kind: TopicOutput["kind"]): TopicOutput => {
  switch (kind) {
    case "exists":
    case "deleted":
    case "grown":
    case "not-more":
    case "config-set":
    case "unknown-topic":
      return { kind };
    case "created":
    case "described":
    case "config":
      throw new Error(`${kind} says more than a code can`);
  }
};

function requestOf(input: TopicInput): readonly [api: string, body: object] {
  const { topic: name } = input;
  const timeoutMs = PATIENCE_MS;
  switch (input.kind) {
    case "create": {
      const counts = { numPartitions: input.partitions, replicationFactor: 1 };
      const topics = [{ name, ...counts, assignments: [], configs: [] }];
      return ["CreateTopics", { topics, timeoutMs, validateOnly: false }];
    }
    case "delete":
      return ["DeleteTopics", { topics: [{ name, topicId: ZERO_UUID }], timeoutMs }];
    case "grow": {
      const topics = [{ name, count: input.partitions, assignments: null }];
      return ["CreatePartitions", { topics, timeoutMs, validateOnly: false }];
    }
    case "set-config": {
      const configs = [{ name: input.name, configOperation: SET, value: input.value }];
      const resources = [{ resourceType: TOPIC_RESOURCE, resourceName: name, configs }];
      return ["IncrementalAlterConfigs", { resources, validateOnly: false }];
    }
    case "describe":
    case "read-config":
      throw new Error(`${input.kind} writes nothing`);
  }
}

const ZERO_UUID = "AAAAAAAAAAAAAAAAAAAAAA";

interface Body {
  readonly topics?: readonly Item[];
  readonly responses?: readonly Item[];
  readonly results?: readonly (Item & {
    readonly configs?: readonly {
      readonly name: string;
      readonly value: string | null;
      readonly configSource: number;
    }[];
  })[];
  readonly topic_id?: string;
  readonly partitions_count?: number;
}

type Answered =
  | { readonly kind: "body"; readonly body: Body; readonly position: Position }
  | { readonly kind: "missing"; readonly position: Position }
  | Exclude<Told, { readonly kind: "answered" }>;

const withoutBody = (answer: Exclude<Answered, { readonly kind: "body" }>): Told =>
  answer.kind === "missing"
    ? { kind: "answered", output: { kind: "unknown-topic" }, position: answer.position }
    : answer;

const post = (caller: TopicCaller, path: string, body: object): Promise<Answered> =>
  ask(caller, path, posted(body));

async function ask(
  { deployment, clusterId }: TopicCaller,
  path: string,
  init: RequestInit,
): Promise<Answered> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const url = `${deployment.url}/kafka/v3/clusters/${clusterId}/${path}`;
  try {
    const response = await fetch(url, authorized(deployment.token, { ...init, signal }));
    const text = await response.text();
    const position = positionIn(response.headers);
    if (position === undefined)
      return { kind: "unexpected", why: `${response.status} without a position: ${text}` };
    if (response.ok) {
      const body: Body = JSON.parse(text);
      return { kind: "body", body, position };
    }
    const refusal: { readonly error_code: number } = JSON.parse(text);
    return refusalOf(refusal.error_code, text, position);
  } catch (error) {
    // The Worker's process suffers no faults: nothing but the caller's patience ends a call.
    const why = error instanceof Error ? error.message : String(error);
    return signal.aborted
      ? { kind: "unknown", why: "no answer in time" }
      : { kind: "unexpected", why };
  }
}

function refusalOf(code: number, text: string, position: Position): Answered {
  if (code === NO_SUCH_TOPIC) return { kind: "missing", position };
  if (code === OUTCOME_UNKNOWN) return { kind: "unknown", why: "the connection broke" };
  return { kind: REFUSALS.has(code) ? "refused" : "unexpected", why: text };
}
