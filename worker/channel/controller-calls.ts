/**
 * The Worker's side of the seam to the controllers: a fresh stub for every call (one that has thrown stays
 * broken), the paths a controller answers, and the headers that say how far an answer reaches. Which controller
 * to ask is for `active.ts`.
 */
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import { controllerName } from "../../durable-objects/cluster-entry.ts";
import type { Env } from "../../durable-objects/env.ts";
import { Problem } from "../http/errors.ts";
import { isLocationHint } from "../../durable-objects/location-hints.ts";

/** What a controller says of itself (`GET /status`). */
export interface ControllerStatus {
  readonly node_id: number;
  /** Raft's role, or "unformed", "stopped" or "tripped". */
  readonly role: string;
  /** Leads, has caught up past the start of its epoch, and answers writes. */
  readonly active: boolean;
  /** The sentence of an invariant that failed; such a node takes no part until an operator looks. */
  readonly tripped: string | null;
  /** The rest is absent while the node takes no part. -1: no leader is known. */
  readonly epoch?: number;
  readonly leader_id?: number;
  /** Exclusive; null until this incarnation has learned one. */
  readonly high_watermark?: number | null;
  readonly log_start_offset?: number;
  readonly log_end_offset?: number;
  /** The last committed record that this node has replayed. */
  readonly applied_offset?: number;
}

interface ControllerCall {
  readonly nodeId: number;
  readonly path: string;
  readonly init?: RequestInit;
}

/** Names a cluster in this isolate's memory. One that is deleted and created again is another. */
export const clusterKey = (entry: ClusterEntry): string =>
  `${entry.cluster_id}@${entry.created_ms}`;

export const nodeIdsOf = (entry: ClusterEntry): readonly number[] =>
  entry.initial_voters.map((controller) => controller.node_id);

/** Calls one controller. Throws what the platform throws when no answer comes. */
export async function callController(
  env: Env,
  entry: ClusterEntry,
  { nodeId, path, init }: ControllerCall,
): Promise<Response> {
  const hint = entry.initial_voters.find(
    (controller) => controller.node_id === nodeId,
  )?.location_hint;
  const name = controllerName(entry.cluster_id, nodeId);
  const stub = env.CONTROLLERS.getByName(name, isLocationHint(hint) ? { locationHint: hint } : {});
  return await stub.fetch(`https://controller${path}`, init);
}

/** Calls one controller; no answer at all is a `Problem`. */
export async function reachController(
  env: Env,
  entry: ClusterEntry,
  call: ControllerCall,
): Promise<Response> {
  try {
    return await callController(env, entry, call);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Problem(
      "CONTROLLER_UNREACHABLE",
      `controller ${call.nodeId} did not answer: ${reason}`,
      {
        cause: error,
      },
    );
  }
}

/** What every controller says of itself, in the order of the entry; a sentence in place of one that is silent. */
export async function statusOfAll(
  env: Env,
  entry: ClusterEntry,
): Promise<readonly { readonly nodeId: number; readonly status: ControllerStatus | string }[]> {
  return await Promise.all(
    nodeIdsOf(entry).map(async (nodeId) => {
      try {
        const response = await callController(env, entry, { nodeId, path: "/status" });
        if (!response.ok) return { nodeId, status: await response.text() };
        const status: ControllerStatus = JSON.parse(await response.text());
        return { nodeId, status };
      } catch (error) {
        return { nodeId, status: error instanceof Error ? error.message : String(error) };
      }
    }),
  );
}
