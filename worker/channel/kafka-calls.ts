/**
 * One call of a controller API in Kafka's JSON form, routed to the active controller: what `rpc/{ApiName}` does
 * for clients and what other routes do with it.
 */
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import type { Env } from "../../durable-objects/env.ts";
import { apiByName } from "../../src/protocol/index.ts";
import { callController, clusterKey, nodeIdsOf } from "./controller-calls.ts";
import { callActive } from "./active.ts";

export interface KafkaCall {
  readonly api: string;
  readonly version: number;
  /** The request, as JSON text in Kafka's JSON form. */
  readonly json: string;
}

/**
 * Beyond this a controller that has not answered is taken for lost: longer than it waits for a commit itself, so
 * that it can still say how that ended.
 */
const ANSWER_MS = 60_000;

/** The active controller's answer, whatever it is; a `Problem` when there is none. */
export function callKafka(env: Env, entry: ClusterEntry, call: KafkaCall): Promise<Response> {
  const path = `/rpc/${call.api}?version=${call.version}`;
  return callActive({
    clusterKey: clusterKey(entry),
    nodeIds: nodeIdsOf(entry),
    repeatable: apiByName(call.api)?.repeatable ?? false,
    send: (nodeId) =>
      callController(env, entry, {
        nodeId,
        path,
        init: {
          method: "POST",
          body: call.json,
          headers: { "Content-Type": "application/json" },
          signal: AbortSignal.timeout(ANSWER_MS),
        },
      }),
  });
}
