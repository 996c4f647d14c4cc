/**
 * One call of one controller, over the contract that both sides share. A fresh stub for every call: one that has
 * thrown stays broken. Which controller to call is for `active.ts`.
 */
import { bearerHeader, type Bearer } from "../../durable-objects/bearer.ts";
import { undeletableUntil } from "../../durable-objects/cluster-deletion.ts";
import {
  controllerName,
  nodesOf,
  type ClusterEntry,
  type ClusterPlan,
} from "../../durable-objects/cluster-entry.ts";
import {
  ROUTES,
  undeleteUntilIn,
  urlOf,
  type RouteName,
  type RouteQuery,
} from "../../durable-objects/contract.ts";
import { objectsOf } from "../../durable-objects/jurisdictions.ts";
import { isLocationHint } from "../../durable-objects/location-hints.ts";
import type { Bindings } from "../env.ts";
import { Problem } from "../http/errors.ts";

export interface ControllerCall {
  readonly nodeId: number;
  readonly route: Exclude<RouteName, "peerFrames">;
  readonly query?: RouteQuery;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly signal?: AbortSignal;
  /** In whose name; `frames` are answered to nobody else. */
  readonly bearer?: Bearer;
  /** What the route takes besides. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Names a cluster in this isolate's memory. One that is deleted and created again is another. */
export const clusterKey = (entry: ClusterPlan | ClusterEntry): string =>
  `${entry.cluster_id}@${entry.created_ms}`;

export const nodeIdsOf = (entry: ClusterPlan | ClusterEntry): readonly number[] =>
  nodesOf(entry).map((controller) => controller.node_id);

/** Calls one controller. Throws what the platform throws when no answer comes, and a `Problem` of a deleted cluster. */
export async function callController(
  env: Bindings,
  cluster: ClusterPlan | ClusterEntry | Pick<ClusterEntry, "cluster_id" | "jurisdiction">,
  { nodeId, route, query, body, signal, bearer, headers }: ControllerCall,
): Promise<Response> {
  const nodes = "created_ms" in cluster ? nodesOf(cluster) : [];
  const hint = nodes.find((controller) => controller.node_id === nodeId)?.location_hint;
  const name = controllerName(cluster.cluster_id, nodeId);
  const stub = objectsOf(env.CONTROLLERS, cluster).getByName(
    name,
    isLocationHint(hint) ? { locationHint: hint } : {},
  );
  const response = await stub.fetch(urlOf(route, query), {
    method: ROUTES[route].method,
    body: body ?? null,
    signal: signal ?? null,
    headers: { ...headers, ...(bearer === undefined ? {} : bearerHeader(bearer)) },
  });
  const untilMs = undeleteUntilIn(response.headers);
  if (untilMs === undefined) return response;
  await response.body?.cancel();
  throw clusterDeleted(cluster.cluster_id, untilMs);
}

/** The refusal of a cluster that is deleted, and can be undeleted until that time, in ms. */
export function clusterDeleted(clusterId: string, untilMs: number): Problem {
  const outlook = untilMs > Date.now() ? undeletableUntil(untilMs) : "it is being wiped";
  return new Problem("CLUSTER_DELETED", `cluster ${clusterId} is deleted; ${outlook}`, {
    details: { undelete_until_ms: untilMs },
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
    if (error instanceof Problem) throw error;
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
