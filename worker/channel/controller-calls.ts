/**
 * One call of one controller, over the contract that both sides share. A fresh stub for every call: one that has
 * thrown stays broken. Which controller to call is for `active.ts`.
 */
import {
  controllerName,
  nodesOf,
  type ClusterEntry,
  type ClusterPlan,
} from "../../durable-objects/cluster-entry.ts";
import { ROUTES, urlOf, type RouteName, type RouteQuery } from "../../durable-objects/contract.ts";
import { isLocationHint } from "../../durable-objects/location-hints.ts";
import type { Bindings, ControllerNamespace } from "../env.ts";
import { Problem } from "../http/errors.ts";

export interface ControllerCall {
  readonly nodeId: number;
  readonly route: Exclude<RouteName, "peerFrames">;
  readonly query?: RouteQuery;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly signal?: AbortSignal;
}

/** Names a cluster in this isolate's memory. One that is deleted and created again is another. */
export const clusterKey = (entry: ClusterPlan | ClusterEntry): string =>
  `${entry.cluster_id}@${entry.created_ms}`;

export const nodeIdsOf = (entry: ClusterPlan | ClusterEntry): readonly number[] =>
  nodesOf(entry).map((controller) => controller.node_id);

/** The objects among which the cluster's are. */
export const controllersOf = (
  { CONTROLLERS }: Bindings,
  { jurisdiction }: Pick<ClusterEntry, "jurisdiction">,
): ControllerNamespace =>
  jurisdiction === undefined ? CONTROLLERS : CONTROLLERS.jurisdiction(jurisdiction);

/** Calls one controller. Throws what the platform throws when no answer comes. */
export async function callController(
  env: Bindings,
  entry: ClusterPlan | ClusterEntry,
  { nodeId, route, query, body, signal }: ControllerCall,
): Promise<Response> {
  const hint = nodesOf(entry).find((controller) => controller.node_id === nodeId)?.location_hint;
  const name = controllerName(entry.cluster_id, nodeId);
  const stub = controllersOf(env, entry).getByName(
    name,
    isLocationHint(hint) ? { locationHint: hint } : {},
  );
  return await stub.fetch(urlOf(route, query), {
    method: ROUTES[route].method,
    body: body ?? null,
    signal: signal ?? null,
  });
}

/** Calls one controller; no answer at all is a `Problem`. */
export async function reachController(
  env: Bindings,
  entry: ClusterPlan | ClusterEntry,
  call: ControllerCall,
): Promise<Response> {
  try {
    return await callController(env, entry, call);
  } catch (error) {
    throw new Problem(
      "CONTROLLER_UNREACHABLE",
      `controller ${call.nodeId} did not answer: ${reasonOf(error)}`,
      { cause: error },
    );
  }
}

/** What an error says, for a sentence about the controller that was called. */
export const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
