/** The quorum of a cluster, as its leader sees it, and its controllers one by one. */
import type { Asking, ClusterCalls, Listed } from "./cluster-calls.ts";
import type { Snapshot } from "./snapshots.ts";

/** What a controller says of itself. One that takes no part has `role`, `active` and `tripped` alone. */
export interface ControllerStatus {
  readonly node_id: number;
  /** Raft's, or `unformed`, `stopped`, `tripped`, `deleted`, `refused`. */
  readonly role: string;
  /** It leads and answers writes. */
  readonly active: boolean;
  /** The invariant that does not hold, or null. */
  readonly tripped: string | null;
  readonly directory_id?: string;
  readonly epoch?: number;
  /** -1 when it knows none. */
  readonly leader_id?: number;
  /** Exclusive; null until it has learned one. */
  readonly high_watermark?: number | null;
  readonly log_start_offset?: number;
  /** Exclusive. */
  readonly log_end_offset?: number;
  readonly applied_offset?: number;
  readonly is_voter?: boolean;
  readonly distrusted_voters?: readonly number[];
  readonly latest_snapshot?: Omit<Snapshot, "controller_ids"> | null;
  readonly snapshot_failure?: string | null;
  /** How it sleeps with its quorum; counts are of this incarnation. Absent of builds that never do. */
  readonly sleep?: {
    /** ms since 1970; null while it is awake. */
    readonly asleep_since_ms: number | null;
    readonly count: number;
    /** What ended its last sleep: an input of consensus, or an API. */
    readonly woken_by: string | null;
  };
  /** Of the node of a cluster that others run alone. */
  readonly observed?: {
    readonly relays: number;
    readonly age_ms: number | null;
    readonly problem: string | null;
  };
}

export interface UnreachableController {
  readonly node_id: number;
  /** Why there is no status. */
  readonly unreachable: string;
}

/** A voter or an observer as the leader sees it. Times are ms since 1970; everything is -1 where it is unknown. */
export interface QuorumReplica {
  readonly replica_id: number;
  readonly directory_id: string;
  readonly log_end_offset: number;
  /** Records that it lacks. */
  readonly lag: number;
  readonly last_fetch_timestamp_ms: number;
  readonly last_caught_up_timestamp_ms: number;
}

export interface QuorumState {
  /** -1 while no controller leads, like the numbers below. */
  readonly leader_id: number;
  readonly leader_epoch: number;
  /** Exclusive. */
  readonly high_watermark: number;
}

/** What `kafka-metadata-quorum describe` shows, and what each controller says of itself. */
export interface QuorumDescription extends QuorumState {
  readonly max_follower_lag: number;
  readonly max_follower_lag_time_ms: number;
  readonly voters: readonly QuorumReplica[];
  readonly observers: readonly QuorumReplica[];
  readonly controllers: readonly (ControllerStatus | UnreachableController)[];
}

/** Whether most of its controllers sleep: then none need lead before somebody wants something. */
export function isAsleep({ controllers }: QuorumDescription): boolean {
  const asleep = controllers.filter(
    (each) => "sleep" in each && (each.sleep?.asleep_since_ms ?? null) !== null,
  );
  return asleep.length * 2 > controllers.length;
}

export interface Controller {
  readonly node_id: number;
  readonly directory_id: string;
  readonly host: string;
  readonly port: number;
  readonly status?: ControllerStatus;
  readonly unreachable?: string;
}

export interface VoterWish {
  readonly node_id?: number;
  readonly location_hint?: string;
  readonly host?: string;
  readonly port?: number;
}

/** How long to wait for the change, at most 60,000 ms; 15,000 unless said. */
export interface Waiting extends Asking {
  readonly waitMs?: number;
}

export interface RemovedController {
  readonly node_id: number;
  readonly removed: boolean;
  /** Whether the object was not told yet, and why. */
  readonly unconfirmed: unknown;
}

export interface Quorum {
  describe(asking?: Asking): Promise<QuorumDescription>;
}

export const quorumOf = ({ ask }: ClusterCalls): Quorum => ({
  describe: (asking) => ask(["quorum"], asking),
});

export interface Controllers {
  list(asking?: Asking): Promise<readonly Controller[]>;
  get(nodeId: number, asking?: Asking): Promise<Controller>;
  /** A node more, which becomes a voter; the same again goes on where it was. */
  add(wish?: VoterWish, waiting?: Waiting): Promise<Controller>;
  remove(nodeId: number, waiting?: Waiting): Promise<RemovedController>;
  replace(nodeId: number, wish?: VoterWish, waiting?: Waiting): Promise<Controller>;
  /** Drops its memory, a rehearsal of a failover. */
  restart(nodeId: number, asking?: Asking): Promise<void>;
  /** Takes it out of the quorum until it is started. */
  stop(nodeId: number, asking?: Asking): Promise<ControllerStatus>;
  /** `confirm` is what a tripped one wants to be told. */
  start(
    nodeId: number,
    options?: Asking & { readonly confirm?: string },
  ): Promise<ControllerStatus>;
}

export const controllersOf = ({ ask, write }: ClusterCalls): Controllers => {
  const act = async <Body>(
    nodeId: number,
    action: string,
    { body, waitMs, signal }: Waiting & { readonly body?: unknown } = {},
  ): Promise<Body> => {
    // Each finds what is done done, but for a restart, which would be a second one.
    const repeatable = action !== ":restart";
    const change = { tail: action, body, repeatable, parameters: { wait_ms: waitMs } };
    const answer = await write<Body>(["controllers", nodeId], change, { ...signalled(signal) });
    return answer.body;
  };
  return {
    list: async (asking) => (await ask<Listed<Controller>>(["controllers"], asking)).data,
    get: (nodeId, asking) => ask(["controllers", nodeId], asking),
    add: async (body = {}, { waitMs, ...asking } = {}) => {
      const change = { body, repeatable: true, parameters: { wait_ms: waitMs } };
      return (await write<Controller>(["controllers"], change, asking)).body;
    },
    remove: async (nodeId, { waitMs, ...asking } = {}) => {
      const change = { method: "DELETE", parameters: { wait_ms: waitMs } } as const;
      return (await write<RemovedController>(["controllers", nodeId], change, asking)).body;
    },
    replace: (nodeId, body, waiting) => act(nodeId, ":replace", { ...waiting, body }),
    restart: async (nodeId, asking) => {
      await act(nodeId, ":restart", asking);
    },
    stop: (nodeId, asking) => act(nodeId, ":stop", asking),
    start: (nodeId, { confirm, ...asking } = {}) => {
      const body = confirm === undefined ? undefined : { confirm };
      return act(nodeId, ":start", { ...asking, body });
    },
  };
};

const signalled = (signal: AbortSignal | undefined): Asking =>
  signal === undefined ? {} : { signal };
