/**
 * What a linearizable read must show: asked of the leader, which answers once a majority has confirmed that it is one.
 */
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import {
  isReadIndexAnswer,
  readJson,
  readRefusal,
  type ReadIndexAnswer,
} from "../../durable-objects/contract.ts";
import type { Bindings } from "../env.ts";
import { Problem } from "../http/errors.ts";
import { callActive, ROUTE_LIMITS } from "./active.ts";
import { callController, clusterKey, nodeIdsOf } from "./controller-calls.ts";

/** A leader answers when a request to its peers would end, 2 s mostly; one that is silent for longer may hang. */
const ANSWER_MS = 5_000;
/** Looks for the leader for `searchMs`. A `Problem` UNCONFIRMED where no majority confirms one. */
export async function findReadIndex(
  env: Bindings,
  entry: ClusterEntry,
  searchMs: number,
): Promise<ReadIndexAnswer> {
  const response = await callActive({
    clusterKey: clusterKey(entry),
    nodeIds: nodeIdsOf(entry),
    repeatable: true,
    send: (nodeId) => askFor(env, entry, nodeId),
    limits: { ...ROUTE_LIMITS, searchMs },
  });
  return await answerIn(response);
}

/** The answer of one controller, which leads by its own account. */
export async function readIndexAt(
  env: Bindings,
  entry: ClusterEntry,
  nodeId: number,
): Promise<ReadIndexAnswer> {
  return await answerIn(await askFor(env, entry, nodeId));
}

const askFor = (env: Bindings, entry: ClusterEntry, nodeId: number): Promise<Response> =>
  callController(env, entry, {
    nodeId,
    route: "readIndex",
    signal: AbortSignal.timeout(ANSWER_MS),
  });

async function answerIn(response: Response): Promise<ReadIndexAnswer> {
  if (!response.ok) throw new Problem("UNCONFIRMED", await readRefusal(response));
  return await readJson(response, isReadIndexAnswer);
}
