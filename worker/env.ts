/**
 * What a handler finds in its context: the platform's bindings, as far as the Worker uses them, and under
 * `/clusters/{id}` the cluster that the path names and the position that the answer reflects.
 */
import type { Context } from "hono";
import type { ClusterEntry, ClusterPlan } from "../durable-objects/cluster-entry.ts";
import type { Position } from "../durable-objects/contract.ts";
import type {
  ClusterOwner,
  Creation,
  ListedCluster,
  Told,
} from "../durable-objects/listed-cluster.ts";
import type { LOCATION_HINTS } from "../durable-objects/location-hints.ts";

/** The bindings. Of an object the Worker uses its door alone, so a test can put any network behind it. */
export interface Bindings {
  /** One object per voter; `cluster-entry.ts` says how they are named. */
  readonly CONTROLLERS: {
    getByName(
      name: string,
      options?: { readonly locationHint?: (typeof LOCATION_HINTS)[number] },
    ): ControllerStub;
  };
  /** One object, named `directory`. */
  readonly DIRECTORY: { getByName(name: string): Directory };
}

export interface ControllerStub {
  fetch(url: string, init: RequestInit): Promise<Response>;
}

/** `ClusterDirectory`'s methods, over the platform's RPC. */
export interface Directory {
  list(): Promise<ClusterEntry[]>;
  listDeleted(): Promise<readonly ListedCluster[]>;
  get(clusterId: string): Promise<ListedCluster | null>;
  create(plan: ClusterPlan, by?: ClusterOwner): Promise<Creation>;
  fix(
    clusterId: string,
    directoryIds: Readonly<Record<string, string>>,
  ): Promise<ClusterEntry | null>;
  markFormed(clusterId: string): Promise<void>;
  delete(clusterId: string): Promise<Told | null>;
  undelete(clusterId: string): Promise<Told | null>;
  purge(clusterId: string): Promise<Told | null>;
}

export interface Scope {
  readonly Bindings: Bindings;
  readonly Variables: {
    readonly entry: ClusterEntry;
    /** Set by the handler that knows it, and put on the answer once, by `observer/position.ts`. */
    readonly position?: Position;
  };
}

export type ScopedContext = Context<Scope>;
