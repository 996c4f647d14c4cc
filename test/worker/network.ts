/**
 * The Worker with a network of a test's making behind it: one cluster in the directory, and a function in place of
 * each controller. What is tested is the Worker whole, from the path to the answer.
 */
import { app } from "../../worker/app.ts";
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import type { ListedCluster } from "../../durable-objects/listed-cluster.ts";
import { NOTHING_REVOKED } from "../../src/access/index.ts";
import type { Bindings, Directory } from "../../worker/env.ts";
import { routeOf, type RouteName } from "../../durable-objects/contract.ts";

/** One call as it comes to a controller. */
export interface Arrival {
  readonly clusterId: string;
  readonly nodeId: number;
  readonly route: RouteName | undefined;
  readonly query: URLSearchParams;
  readonly body: Uint8Array;
}

export interface Edge {
  readonly entry: ClusterEntry;
  /** What the Worker is given. */
  readonly env: Bindings;
  /** Calls the Worker at a path below the cluster. */
  request(path: string, init?: RequestInit): Promise<Response>;
  /** Calls it at any path. */
  requestAt(path: string, init?: RequestInit): Promise<Response>;
}

/**
 * A Worker whose controllers, one for each of `nodeIds`, answer as `respond` says; a throw is a lost call. `said` is
 * what the directory answers otherwise than that of one formed cluster. `vars` are
 * bound to the Worker besides.
 */
export function edgeWith(
  nodeIds: readonly number[],
  respond: (arrival: Arrival) => Response | Promise<Response>,
  said: Partial<Directory> = {},
  vars: Pick<Bindings, "KEDGE_ORIGINS" | "IMMUTABLE_LOG"> = {},
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
  const directory: Directory = {
    list: async () => [entry],
    listDeleted: async () => [],
    get: async () => listed,
    create: async () => ({ outcome: "present", listed, users: [] }),
    fix: async () => entry,
    markFormed: async () => undefined,
    delete: async () => null,
    undelete: async () => null,
    purge: async () => null,
    changeSettings: async () => null,
    revocations: async () => NOTHING_REVOKED,
    revoke: async () => null,
    admit: async () => null,
    markJoined: async () => undefined,
    dismiss: async () => null,
    ...said,
  };
  const env: Bindings = {
    // Who may ask is tested elsewhere.
    KEDGE_LOOPBACK: "true",
    KEDGE_AUTH: "none",
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
    const [clusterId = "", nodeId] = name.split("/");
    return respond({
      clusterId,
      nodeId: Number(nodeId),
      route: routeOf(request.method, pathname),
      query: searchParams,
      body: new Uint8Array(await request.arrayBuffer()),
    });
  }
  const requestAt = async (path: string, init?: RequestInit): Promise<Response> =>
    app.request(`http://localhost${path}`, init, env);
  return {
    entry,
    env,
    request: (path, init) => requestAt(`/kafka/v3/clusters/${entry.cluster_id}/${path}`, init),
    requestAt,
  };
}

/** An id of its own for each edge, since the Worker remembers clusters by id. */
const clusterId = (): string => `${crypto.randomUUID().replaceAll("-", "").slice(0, 21)}A`;
