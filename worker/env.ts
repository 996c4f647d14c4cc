/**
 * What a handler finds in its context: the platform's bindings, as far as the Worker uses them, and under
 * `/clusters/{id}` the cluster that the path names and the position that the answer reflects.
 */
import type { Context } from "hono";
import type { Bearer } from "../durable-objects/bearer.ts";
import type { BootstrapUser } from "../durable-objects/bootstrap-users.ts";
import type {
  ClusterEntry,
  ClusterPlan,
  ControllerEntry,
} from "../durable-objects/cluster-entry.ts";
import type { SettingWish } from "../durable-objects/cluster-settings.ts";
import type { Position } from "../durable-objects/contract.ts";
import type { Jurisdiction } from "../durable-objects/jurisdictions.ts";
import type {
  Admission,
  ClusterOwner,
  Creation,
  ListedCluster,
  NodeWish,
  Revoked,
  Told,
  Unconfirmed,
} from "../durable-objects/listed-cluster.ts";
import type { LocationHint } from "../durable-objects/location-hints.ts";
import type { AcceptSocket } from "./socket-pair.ts";
import type { Claims, Revocation, Revocations } from "../src/access/index.ts";

/** The bindings. Of an object the Worker uses its door alone, so a test can put any network behind it. */
export interface Bindings {
  /** One object per voter; `cluster-entry.ts` says how they are named. */
  readonly CONTROLLERS: ControllerNamespace;
  /** One object, named `directory`. */
  readonly DIRECTORY: { getByName(name: string): Directory };
  /** The secret from which the keys of tokens derive; without one nobody is let in. */
  readonly KEDGE_KEY?: string;
  /** The one before it, while tokens that it signed are still to be believed. */
  readonly KEDGE_KEY_PREVIOUS?: string;
  /** Set where the runtime listens on loopback alone. */
  readonly KEDGE_LOOPBACK?: string;
  /** `none`: nobody is asked who they are. Heeded on loopback alone. */
  readonly KEDGE_AUTH?: string;
  /** The web pages that may read answers: their origins, with commas between them. None when empty or absent. */
  readonly KEDGE_ORIGINS?: string;
  /** Which build this is: the platform's id of the version, in a local run a digest. Absent as `PAGE` is. */
  readonly BUILD?: { readonly id: string };
  /** The files of the page. Absent where a Worker is run for other ends, as by some benches and tests. */
  readonly PAGE?: Assets;
  /** What never changes, asked for by an address. Absent where a Worker is run without that entrypoint. */
  readonly IMMUTABLE_LOG?: ImmutableLogDoor;
  /** Absent as `IMMUTABLE_LOG` is. */
  readonly ACCEPT_SOCKET?: AcceptSocket;
  /** Of the request alone. Absent as `IMMUTABLE_LOG` is. */
  readonly KEEP_ALIVE?: KeepAlive;
  /** Requests of one address, before it is known who asks. Absent in local runs: workerd alone has none. */
  readonly ADDRESS_LIMITER?: Limiter;
  /** Requests made with one token. Absent in local runs, too. */
  readonly TOKEN_LIMITER?: Limiter;
}

/**
 * Has the platform run a request until `work` has ended, also when its client hangs up meanwhile: for 30 s from then on.
 */
export type KeepAlive = (work: Promise<unknown>) => void;

/** The deployment's files, each at its path. */
export interface Assets {
  fetch(url: string, init: RequestInit): Promise<Response>;
}

/** Which cluster, and which life of it: one that is deleted and created again has another log. */
export interface Tenant {
  readonly cluster_id: string;
  /** Milliseconds since the Unix epoch. */
  readonly created_ms: number;
}

/** The Worker's entrypoint `ImmutableLog`, for one tenant. A cache may answer in its place. */
export type ImmutableLogDoor = (options: { readonly props: Tenant }) => {
  fetch(url: string, init: RequestInit): Promise<Response>;
};

/** The platform's own limits: whether one more request under `key` is still within. */
export interface Limiter {
  limit(options: { readonly key: string }): Promise<{ readonly success: boolean }>;
}

/** Who asks. */
export interface Authenticated {
  /** What the token says; null in a run that asks for none. */
  readonly claims: Claims | null;
  /** The same, for a controller. */
  readonly bearer: Bearer;
}

export interface ControllerNamespace {
  getByName(name: string, options?: { readonly locationHint?: LocationHint }): ControllerStub;
  /** The objects that must stay in `name`. Throws where the runtime has no jurisdictions, as a local one. */
  jurisdiction(name: Jurisdiction): ControllerNamespace;
}

export interface ControllerStub {
  fetch(url: string, init: RequestInit): Promise<Response>;
}

/** `ClusterDirectory`'s methods, over the platform's RPC. */
export interface Directory {
  list(): Promise<ClusterEntry[]>;
  listDeleted(): Promise<readonly ListedCluster[]>;
  get(clusterId: string): Promise<ListedCluster | null>;
  create(plan: ClusterPlan, by?: ClusterOwner, users?: readonly BootstrapUser[]): Promise<Creation>;
  fix(
    clusterId: string,
    directoryIds: Readonly<Record<string, string>>,
  ): Promise<ClusterEntry | null>;
  markFormed(clusterId: string): Promise<void>;
  delete(clusterId: string): Promise<Told | null>;
  undelete(clusterId: string): Promise<Told | null>;
  purge(clusterId: string): Promise<Told | null>;
  admit(clusterId: string, wish: NodeWish): Promise<Admission | null>;
  markJoined(clusterId: string, own: ControllerEntry): Promise<void>;
  dismiss(clusterId: string, nodeId: number): Promise<readonly Unconfirmed[] | null>;
  changeSettings(clusterId: string, wish: SettingWish): Promise<Told | null>;
  revocations(scope: string): Promise<Revocations>;
  revoke(scope: string, revocation: Revocation): Promise<Revoked | null>;
}

export interface Scope {
  readonly Bindings: Bindings;
  readonly Variables: {
    /** On every route but those that ask nobody who they are. */
    readonly asker: Authenticated;
    readonly entry: ClusterEntry;
    /** Set by the handler that knows it, and put on the answer once, by `observer/position.ts`. */
    readonly position?: Position;
  };
}

export type ScopedContext = Context<Scope>;
