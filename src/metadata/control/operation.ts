/**
 * What a control operation is given and what it gives back. An operation is a pure function of the view, which may
 * hold records that are not committed yet, and of what only the outside knows. It never mutates and never throws
 * for anything a request may say: refusals are responses.
 *
 * What an operation writes, it writes as one batch. Work on whole brokers may need more records than one batch
 * may have; then each run writes what fits, in an order that keeps every promise at each batch's end, and says in
 * its response, in the terms of its API, that it must be asked again.
 */
import {
  ANONYMOUS,
  type Api,
  type MetadataRecord,
  type Principal,
  type RequestOf,
  type ResponseOf,
} from "../../protocol/index.ts";
import type { Random } from "../../std/random.ts";
import type { BrokerLiveness } from "../liveness/broker-heartbeats.ts";
import type { Endpoint } from "../image/cluster-image.ts";
import type { MutationBuckets, QuotaWindow } from "../quotas/mutation-buckets.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import type { Uuid } from "../../protocol/index.ts";
import type { DelegationTokenKey } from "./delegation-token-key.ts";
import type { Policies } from "./policies.ts";

/** Kafka's bound on one user operation: what commits as one must be cheap to store, fetch and replay. */
export const RECORDS_PER_OPERATION_MAX = 10_000;

/** What an operator sets for a controller. */
export interface ControllerConfig {
  /** `broker.session.timeout.ms`. */
  readonly brokerSessionTimeoutMs: number;
  /** `num.partitions`. */
  readonly numPartitions: number;
  /** `default.replication.factor`. */
  readonly defaultReplicationFactor: number;
  /** `delete.topic.enable`. */
  readonly deleteTopicEnable: boolean;
  /** `delegation.token.max.lifetime.ms`. */
  readonly delegationTokenMaxLifetimeMs: number;
  /** `delegation.token.expiry.time.ms`. */
  readonly delegationTokenExpiryTimeMs: number;
  /** Of quotas on what clients change. */
  readonly quotaWindow: QuotaWindow;
  readonly policies: Policies;
}

/** A voter as the quorum's own records describe it (KIP-853). */
export interface QuorumController {
  readonly id: number;
  readonly directoryId: Uuid;
  readonly endpoints: readonly Endpoint[];
}

/**
 * On whose behalf an operation runs (Kafka: `RequestContext`). Whether the caller may is asked before
 * (`../authorized`).
 */
export interface Caller {
  readonly principal: Principal;
  /**
   * True where a broker forwarded the request in an Envelope (KIP-590): principal and address are then those of the
   * client, which the broker has authenticated, and not those of the connection.
   */
  readonly isForwarded: boolean;
  /**
   * Where the client is, as ACLs write a host: dotted or in colons, no name and no port. Null where it is not known.
   */
  readonly clientAddress: string | null;
}

/** A caller of whom nothing is known; also the controller itself, when it does its duties. */
export const ANONYMOUS_CALLER: Caller = {
  principal: ANONYMOUS,
  isForwarded: false,
  clientAddress: null,
};

/** What only the outside knows at the moment of an operation. */
export interface ControlContext {
  readonly nowMs: number;
  /** The version of the request, on which some answers depend. */
  readonly apiVersion: number;
  /** Drawn anew for each operation; an operation draws from it what it needs. */
  readonly random: Random;
  /** The offset that the operation's first record will get. */
  readonly nextOffset: number;
  readonly liveness: BrokerLiveness;
  readonly mutationBuckets: MutationBuckets;
  readonly clusterId: string;
  /** The id of the controller that runs the operation. */
  readonly controllerId: number;
  /** The id of the active controller as far as this one knows; -1 while it knows of none. */
  readonly activeControllerId: number;
  /** The voters of the quorum. */
  readonly controllers: readonly QuorumController[];
  readonly caller: Caller;
  /** What the client calls itself in its request's header, also where a broker forwards it; "" where it does not. */
  readonly clientId: string;
  readonly config: ControllerConfig;
  /** Whether ACLs decide in this cluster (`authorizer.class.name`); without, they are neither kept nor shown. */
  readonly hasAuthorizer: boolean;
  /** What delegation tokens are signed with; null where they are disabled. */
  readonly delegationTokenKey: DelegationTokenKey | null;
}

export interface ControlResult<Response> {
  /**
   * At most RECORDS_PER_OPERATION_MAX; they are appended together or not at all. Their bytes are judged by the shell.
   */
  readonly records: readonly MetadataRecord[];
  /** To be sent once the records, and all that the view held, are committed. */
  readonly response: Response;
  /** The soft state from now on; absent where it stays as it is. */
  readonly liveness?: BrokerLiveness;
  readonly mutationBuckets?: MutationBuckets;
}

/** The rule of an operation: from what is, and what is asked, to what is written and answered. */
export type ControlRule<Request, Response> = (
  view: MetadataImage,
  request: Request,
  context: ControlContext,
) => ControlResult<Response>;

/** All there is to know of an API that the metadata core answers. What it looks like refused is said by its schema. */
export interface ControlOperation<A extends Api> {
  readonly api: A;
  /** A read writes no records, whatever is asked: it may run on any node, against what is committed. */
  readonly kind: "read" | "write";
  readonly run: ControlRule<RequestOf<A>, ResponseOf<A>>;
  /**
   * Whether a read's answer tells of a state that passes by itself, and that a client would take for final. It may be
   * held back for a moment, and the read be run again. Absent: no answer does.
   */
  readonly isPassing?: (response: ResponseOf<A>) => boolean;
  /**
   * Whether an answer says that who asked is nobody here, so that asking again changes nothing: a quorum that sleeps is
   * not woken for it (SL-9). Absent: no answer does.
   */
  readonly isStrangers?: (response: ResponseOf<A>) => boolean;
  /** Whether a read's answer says who is active: a node that is makes sure of it first. */
  readonly namesActive?: true;
}

export function operation<A extends Api>(
  api: A,
  parts: Omit<ControlOperation<A>, "api">,
): ControlOperation<A> {
  return { api, ...parts };
}
