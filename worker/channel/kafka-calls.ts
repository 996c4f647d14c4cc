/**
 * Calls of controller APIs, typed by their schemas: a request value becomes a Kafka frame, a frame comes back, and
 * its response value goes to the caller with the position that it reflects. JSON is not known here; `routes/rpc.ts`
 * converts from and to Kafka's JSON form.
 */
import type { Bearer } from "../../durable-objects/bearer.ts";
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import {
  STATUS,
  leaderNamedIn,
  positionIn,
  readRefusal,
  type Position,
} from "../../durable-objects/contract.ts";
import { EncodeError, decodeResponseFrame, requestFrame } from "../../src/protocol/index.ts";
import type { Api, InputOf, ResponseOf } from "../../src/protocol/index.ts";
import type { Bindings } from "../env.ts";
import { Problem } from "../http/errors.ts";
import { callActive } from "./active.ts";
import { callController, clusterKey, nodeIdsOf, type ControllerCall } from "./controller-calls.ts";

export interface KafkaCall<A extends Api> {
  readonly api: A;
  readonly version: number;
  readonly request: InputOf<A["request"]>;
  /** In whose name. */
  readonly bearer: Bearer;
}

export interface KafkaAnswer<A extends Api> {
  readonly response: ResponseOf<A>;
  /** What the controller had replayed when it answered; a write's own records are part of it. */
  readonly position: Position;
}

/**
 * After this time a controller is taken for lost. Longer than it waits for a commit itself, so that it can still report
 * the outcome.
 */
const ANSWER_MS = 60_000;

/** How the Worker names itself in the header of its frames. */
const CLIENT_ID = "kedge-worker";

/** The active controller's answer; a `Problem` when there is none. */
export async function callKafka<A extends Api>(
  env: Bindings,
  entry: ClusterEntry,
  call: KafkaCall<A>,
): Promise<KafkaAnswer<A>> {
  const frame = encodeCall(call);
  const response = await callActive({
    clusterKey: clusterKey(entry),
    nodeIds: nodeIdsOf(entry),
    repeatable: call.api.repeatable,
    send: (nodeId) => sendFrame(env, entry, { nodeId, frame, bearer: call.bearer }),
  });
  return await readAnswer(call, response);
}

/** One controller's answer; undefined when it is not active. */
export async function callKafkaAt<A extends Api>(
  env: Bindings,
  entry: ClusterEntry,
  { nodeId, ...call }: KafkaCall<A> & { readonly nodeId: number },
): Promise<KafkaAnswer<A> | undefined> {
  const response = await sendFrame(env, entry, {
    nodeId,
    frame: encodeCall(call),
    bearer: call.bearer,
  });
  if (leaderNamedIn(response.headers) === undefined) return await readAnswer(call, response);
  await response.body?.cancel();
  return undefined;
}

/** The whole answer: one that breaks off is a lost call, as is one that never begins. */
async function sendFrame(
  env: Bindings,
  entry: ClusterEntry,
  call: Required<Pick<ControllerCall, "nodeId" | "bearer">> & {
    readonly frame: Uint8Array<ArrayBuffer>;
  },
): Promise<Response> {
  const { frame, ...to } = call;
  const response = await callController(env, entry, {
    ...to,
    route: "frames",
    body: frame,
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  return new Response(await response.arrayBuffer(), response);
}

/** What JSON can say and a frame cannot, such as a name of 40,000 letters, is refused with the field's path. */
function encodeCall<A extends Api>({ api, version, request }: KafkaCall<A>) {
  const header = { apiVersion: version, correlationId: 0, clientId: CLIENT_ID };
  try {
    return requestFrame(api, header, request);
  } catch (error) {
    if (!(error instanceof EncodeError)) throw error;
    const place = error.path === "" ? "the body" : error.path;
    throw new Problem("INVALID_REQUEST", `${api.name} v${version}: ${place}: ${error.reason}`, {
      cause: error,
    });
  }
}

async function readAnswer<A extends Api>(
  { api, version }: KafkaCall<A>,
  response: Response,
): Promise<KafkaAnswer<A>> {
  if (!response.ok) {
    const reason = await readRefusal(response);
    // The frame is well-formed, so what the controller does not serve is the API.
    if (response.status === STATUS.unanswerable) throw new Problem("UNKNOWN_API", reason);
    throw new Error(`a controller answered ${api.name} with ${response.status}: ${reason}`);
  }
  const position = positionIn(response.headers);
  if (position === undefined) throw new Error(`a controller's answer lacks its position`);
  const frame = new Uint8Array(await response.arrayBuffer());
  return { response: decodeResponseFrame(api, version, frame).body, position };
}
