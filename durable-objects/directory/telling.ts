/**
 * Saying to the nodes of a cluster what was decided about it. A decision is stored first, with the time at which it is
 * said again; so the alarm goes on with what broke off, and with the nodes that have not confirmed.
 */
import { controllerName, nodesOf, type ClusterEntry } from "../cluster-entry.ts";
import { ROUTES, STATUS, readRefusal, urlOf, type RouteQuery } from "../contract.ts";
import type { ListedCluster, Unconfirmed } from "../listed-cluster.ts";
import type { ClusterRows } from "./cluster-rows.ts";

/** A node that has not answered by then is told again later. */
const NODE_MS = 5_000;
/** How long a node that did not confirm is left alone. */
export const AGAIN_MS = 30_000;
/** So many clusters at one alarm, of five nodes at most each. */
export const SLICE_CLUSTERS = 10;

interface ControllerObject {
  fetch(url: string, init: RequestInit): Promise<Response>;
}

interface ControllerObjects {
  getByName(name: string): ControllerObject;
}

type Placed = Pick<ClusterEntry, "jurisdiction">;

export interface TellingPorts {
  readonly rows: ClusterRows;
  /** The objects among which a cluster's are. */
  readonly controllersOf: (cluster: Placed) => ControllerObjects;
  /** Resumes what is due, at that time or later. */
  readonly setAlarm: (atMs: number) => void;
  /** Milliseconds since the Unix epoch. */
  readonly clock: () => number;
}

/** What a node is told. */
export interface Words {
  readonly route: "delete" | "undelete" | "wipe" | "access" | "settings";
  readonly body?: string;
  readonly query?: RouteQuery;
}

/** Says it to these nodes, or to every one of the cluster; who has not confirmed, and why. */
export async function tellNodes(
  { controllersOf }: Pick<TellingPorts, "controllersOf">,
  cluster: ListedCluster["cluster"],
  words: Words,
  nodeIds: readonly number[] = nodesOf(cluster).map((node) => node.node_id),
): Promise<readonly Unconfirmed[]> {
  const controllers = controllersOf(cluster);
  const answers = await Promise.all(
    nodeIds.map(async (nodeId) => {
      const stub = controllers.getByName(controllerName(cluster.cluster_id, nodeId));
      const reason = await tellNode(stub, words);
      return reason === null ? [] : [{ node_id: nodeId, reason }];
    }),
  );
  return answers.flat();
}

/** Null once the node has confirmed. */
async function tellNode(
  node: ControllerObject,
  { route, body, query }: Words,
): Promise<string | null> {
  try {
    const response = await node.fetch(urlOf(route, query), {
      method: ROUTES[route].method,
      body: body ?? null,
      signal: AbortSignal.timeout(NODE_MS),
    });
    // One that belongs to another cluster by now has nothing of this one.
    if (!response.ok && response.status !== STATUS.conflict) return await readRefusal(response);
    await response.body?.cancel();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Sets the alarm for whatever is due next. */
export function arm({ rows, clock, setAlarm }: TellingPorts): void {
  const dueMs = rows.nextDueMs();
  if (dueMs !== null) setAlarm(Math.max(dueMs, clock() + 1));
}
