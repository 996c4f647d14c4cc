/**
 * The Worker with a network of a test's making behind it: one cluster in the directory, and a function in place of
 * each controller. What is tested is the Worker whole, from the path to the answer.
 */
import { app } from "../../worker/app.ts";
import type { Bindings } from "../../worker/env.ts";
import type { ClusterEntry, ListedCluster } from "../../durable-objects/cluster-entry.ts";
import { routeOf, type RouteName } from "../../durable-objects/contract.ts";

/** One call as it comes to a controller. */
export interface Arrival {
  readonly nodeId: number;
  readonly route: RouteName | undefined;
  readonly query: URLSearchParams;
  readonly body: Uint8Array;
}

export interface Edge {
  readonly entry: ClusterEntry;
  readonly env: Bindings;
  /** Calls the Worker at a path below the cluster. */
  request(path: string, init?: RequestInit): Promise<Response>;
}

/**
 * A Worker whose controllers, one for each of `nodeIds`, answer as `respond` says; a throw is a lost call. `vars` are
 * bound to it besides.
 */
export function edgeWith(
  nodeIds: readonly number[],
  respond: (arrival: Arrival) => Response | Promise<Response>,
  vars: Pick<Bindings, "KEDGE_ORIGINS"> = {},
): Edge {
  const entry: ClusterEntry = {
    cluster_id: clusterId(),
    initial_voters: nodeIds.map((node_id) => ({
      node_id,
      directory_id: "JEXY6aqzQY-32P5TStzaFg",
      host: "localhost",
      port: 9093,
    })),
    metadata_version: 25,
    created_ms: 1,
  };
  const listed: ListedCluster = { state: "formed", cluster: entry };
  const directory = {
    list: async () => [entry],
    get: async () => listed,
    create: async () => ({ created: false, listed }),
    fix: async () => entry,
    markFormed: async () => undefined,
    remove: async () => true,
  };
  const env = {
    ...vars,
    DIRECTORY: { getByName: () => directory },
    CONTROLLERS: {
      jurisdiction: () => {
        throw new Error("this network has no jurisdictions");
      },
      getByName: (name: string) => ({
        fetch: (url: string, init: RequestInit) => arrive(name, new Request(url, init)),
      }),
    },
  };
  async function arrive(name: string, request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    return respond({
      nodeId: Number(name.split("/")[1]),
      route: routeOf(request.method, pathname),
      query: searchParams,
      body: new Uint8Array(await request.arrayBuffer()),
    });
  }
  return {
    entry,
    env,
    request: async (path, init) =>
      app.request(`/kafka/v3/clusters/${entry.cluster_id}/${path}`, init, env),
  };
}

/** An id of its own for each edge, since the Worker remembers clusters by id. */
const clusterId = (): string => `${crypto.randomUUID().replaceAll("-", "").slice(0, 21)}A`;
