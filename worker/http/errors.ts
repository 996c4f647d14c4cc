/**
 * Every refusal of the HTTP interface, in one place: a kind, its HTTP status and its `error_code`. Bodies have
 * Confluent's shape, `{"error_code", "message"}`, with codes of status × 100 + n as REST v3 numbers them.
 * A refusal inside a Kafka response is not an HTTP error: it arrives as Kafka's code in a 200.
 */
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import { operatorLogOf } from "../../durable-objects/operator-log.ts";
import type { ScopedContext } from "../env.ts";

/** Kind → [HTTP status, error_code]. Codes are part of the interface: they are added, never reused. */
export const CODES = {
  MALFORMED_JSON: [400, 40001],
  INVALID_REQUEST: [400, 40002],
  UNSUPPORTED_VERSION: [400, 40003],
  MALFORMED_FRAME: [400, 40004],
  OFFSET_IN_FUTURE: [400, 40005],
  RANGE_TOO_LARGE: [400, 40006],
  LIST_TOO_LONG: [400, 40007],
  UNAUTHENTICATED: [401, 40101],
  FORBIDDEN: [403, 40301],
  UNKNOWN_CLUSTER: [404, 40401],
  UNKNOWN_CONTROLLER: [404, 40402],
  // Confluent's number for a topic or partition that is not there.
  UNKNOWN_TOPIC_OR_PARTITION: [404, 40403],
  UNKNOWN_BROKER: [404, 40404],
  UNKNOWN_API: [404, 40405],
  UNKNOWN_PATH: [404, 40406],
  UNKNOWN_SNAPSHOT: [404, 40407],
  UNKNOWN_CONFIG: [404, 40408],
  UNKNOWN_REPLICA: [404, 40409],
  UNKNOWN_FEATURE: [404, 40410],
  UNKNOWN_USER: [404, 40411],
  UNKNOWN_QUOTA: [404, 40412],
  METHOD_NOT_ALLOWED: [405, 40501],
  NOT_ACCEPTABLE: [406, 40601],
  CLUSTER_EXISTS: [409, 40901],
  STORAGE_LOST: [409, 40902],
  TOO_MANY_CLUSTERS: [409, 40903],
  OWNER_HAS_TOO_MANY: [409, 40904],
  TOO_MANY_REVOKED: [409, 40905],
  NODE_ID_TAKEN: [409, 40906],
  VOTERS_UNCHANGED: [409, 40907],
  OBSERVED_CLUSTER: [409, 40908],
  LOG_DIVERGED: [409, 40909],
  OFFSET_BELOW_LOG_START: [410, 41001],
  SNAPSHOT_GONE: [410, 41002],
  BEYOND_RETENTION: [410, 41003],
  CLUSTER_DELETED: [410, 41004],
  BODY_TOO_LARGE: [413, 41301],
  ANSWER_TOO_LARGE: [413, 41302],
  UNSUPPORTED_MEDIA_TYPE: [415, 41501],
  UPGRADE_REQUIRED: [426, 42601],
  TOO_MANY_REQUESTS: [429, 42901],
  INTERNAL: [500, 50001],
  DATA_PLANE: [501, 50101],
  NO_ACTIVE_CONTROLLER: [503, 50301],
  OUTCOME_UNKNOWN: [503, 50302],
  VIEW_BEHIND: [503, 50303],
  CONTROLLER_UNREACHABLE: [503, 50304],
  OVERLOADED: [503, 50305],
  DIRECTORY_UNREACHABLE: [503, 50306],
  LOCKED: [503, 50307],
  UNCONFIRMED: [503, 50308],
} as const satisfies Readonly<Record<string, readonly [ContentfulStatusCode, number]>>;

export type ProblemKind = keyof typeof CODES;

/** A refusal on its way to the client: thrown where it is found, turned into an answer once, below. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly kind: ProblemKind;
  /** What the body says besides: for a program, which reads no sentence. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    kind: ProblemKind,
    message: string,
    { details = {}, ...options }: ErrorOptions & { readonly details?: Problem["details"] } = {},
  ) {
    super(message, options);
    this.kind = kind;
    this.details = details;
  }

  /** The same for another request: what one has thrown is its own, and may not be handed to a second. */
  again(): Problem {
    return new Problem(this.kind, this.message, { details: this.details });
  }
}

export interface ErrorBody {
  readonly error_code: number;
  readonly message: string;
}

/** In how many seconds a request may go better. */
const RETRY_AFTER_S: Readonly<Record<number, string>> = { 429: "10", 503: "1" };

/** The answer for `error`. */
export function answerProblem(error: Error, context: ScopedContext): Response {
  const entry: ClusterEntry | undefined = context.var.entry;
  const problem = error instanceof Problem ? error : unexpected(error, entry?.cluster_id ?? null);
  const [status] = CODES[problem.kind];
  if (status === 401)
    context.header("WWW-Authenticate", 'Bearer realm="kedge", Basic realm="kedge"');
  const pause = RETRY_AFTER_S[status];
  if (pause !== undefined) context.header("Retry-After", pause);
  return context.json(problemBody(problem), status);
}

/** What is told of any error but a `Problem`: that is a defect of ours, and its message goes to the log alone. */
export function unexpected(error: unknown, clusterId: string | null): Problem {
  const reason = error instanceof Error ? error.message : String(error);
  const log = operatorLogOf({ cluster_id: clusterId, node_id: null });
  log.error("unexpected", `unexpected: ${reason}`, error);
  return new Problem("INTERNAL", "internal error; the Worker's log has the cause");
}

/** The body of a refusal. */
export const problemBody = ({ kind, message, details }: Problem): ErrorBody => ({
  ...errorBody(kind, message),
  ...details,
});

export const errorBody = (kind: ProblemKind, message: string): ErrorBody => ({
  error_code: CODES[kind][1],
  message,
});
