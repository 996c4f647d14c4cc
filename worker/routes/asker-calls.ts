/**
 * Calls of controller APIs in the name of who asks, for the resources that are changed so: Kafka's refusal becomes an
 * HTTP error that keeps Kafka's sentence, and what was changed is read back.
 */
import type { MetadataImage } from "../../src/metadata/index.ts";
import { ErrorCode, errorName } from "../../src/protocol/index.ts";
import type { Api, ResponseOf } from "../../src/protocol/index.ts";
import { callKafka, type KafkaCall } from "../channel/kafka-calls.ts";
import type { ScopedContext } from "../env.ts";
import { Problem, type ProblemKind } from "../http/errors.ts";
import { observeFor } from "../observer/metadata-read.ts";

/** How long a controller may take to commit a change, in Kafka's requests. */
export const TIMEOUT_MS = 30_000;

/** The active controller's response; its position becomes this answer's. */
export async function callForAsker<A extends Api>(
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
export async function readBack(context: ScopedContext): Promise<MetadataImage> {
  const minOffset = context.var.position?.offset;
  try {
    const { image, position } = await observeFor(context, { minOffset });
    context.set("position", position);
    return image;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const message = `the change is committed, but could not be read back: ${error.message}`;
    throw new Problem(error.kind, message, { cause: error });
  }
}

/** What became of one thing that was asked for, as Kafka's responses have it. */
export interface KafkaResult {
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

/** Kafka's refusal of what was asked for, named by `what` where Kafka has no words, as an HTTP error. */
export function refuseUnless(result: KafkaResult | undefined, what: string): void {
  const code = result?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR;
  if (code === ErrorCode.NONE) return;
  const said = result?.errorMessage ?? "";
  const message = `${errorName(code)}: ${said === "" ? what : said}`;
  throw new Problem(KINDS.get(code) ?? "INVALID_REQUEST", message);
}

const KINDS: ReadonlyMap<number, ProblemKind> = new Map([
  [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "UNKNOWN_TOPIC_OR_PARTITION"],
  [ErrorCode.UNKNOWN_TOPIC_ID, "UNKNOWN_TOPIC_OR_PARTITION"],
  [ErrorCode.BROKER_ID_NOT_REGISTERED, "UNKNOWN_BROKER"],
  [ErrorCode.REQUEST_TIMED_OUT, "OUTCOME_UNKNOWN"],
  // A client's `controller_mutation_rate` (KIP-599): nothing was changed, and it may be asked for again.
  [ErrorCode.THROTTLING_QUOTA_EXCEEDED, "TOO_MANY_REQUESTS"],
  [ErrorCode.UNKNOWN_SERVER_ERROR, "INTERNAL"],
  // What the cluster's authorizer refuses, and what a token's role does.
  [ErrorCode.TOPIC_AUTHORIZATION_FAILED, "FORBIDDEN"],
  [ErrorCode.GROUP_AUTHORIZATION_FAILED, "FORBIDDEN"],
  [ErrorCode.CLUSTER_AUTHORIZATION_FAILED, "FORBIDDEN"],
]);
