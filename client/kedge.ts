/**
 * The typed client of the HTTP interface, from its door: a deployment, its clusters, and of one cluster everything that
 * docs/HTTP.md lists but frames and links. What may be repeated is repeated for a while when the edge or a controller
 * is away; what was written through a `Cluster` is in what is read through it.
 */
import { aclsOf, type Acls } from "./acls.ts";
import { batchedReads } from "./batched-reads.ts";
import { brokersOf, type Brokers } from "./brokers.ts";
import {
  callerOf,
  pathOf,
  SOME_PATIENCE,
  type Answer,
  type Caller,
  type Deployment,
  type Patience,
} from "./caller.ts";
import { clientQuotasOf, type ClientQuotas } from "./client-quotas.ts";
import {
  clusterCalls,
  readsOverHttp,
  type Asking,
  type CallsOptions,
  type Written,
} from "./cluster-calls.ts";
import { clustersOf, type Clusters, type FormedCluster } from "./clusters.ts";
import { configsOf, type ConfigOwners } from "./configs.ts";
import { controllersOf, quorumOf, type Controllers, type Quorum } from "./controllers.ts";
import { featuresOf, type Features } from "./features.ts";
import { feed, type FeedEvent, type FeedWish } from "./feed.ts";
import { healthOf, type Health } from "./health.ts";
import { leaderElectionsOf, type LeaderElections } from "./leader-elections.ts";
import { metadataLogOf, type MetadataLog } from "./metadata-log.ts";
import { reassignmentsOf, type Reassignments } from "./reassignments.ts";
import type { Position } from "./refused-error.ts";
import { scramUsersOf, type ScramUsers } from "./scram-users.ts";
import { snapshotsOf, type Snapshots } from "./snapshots.ts";
import { tokensOf, type Tokens } from "./tokens.ts";
import { topicsOf, type Topics } from "./topics.ts";

export interface Kedge {
  readonly clusters: Clusters;
  readonly tokens: Tokens;
  readonly health: Health;
  /** Asks nothing yet. */
  cluster(clusterId: string): Cluster;
}

export interface Cluster {
  readonly clusterId: string;
  readonly topics: Topics;
  readonly reassignments: Reassignments;
  readonly leaderElections: LeaderElections;
  readonly brokers: Brokers;
  readonly configs: ConfigOwners;
  readonly acls: Acls;
  readonly clientQuotas: ClientQuotas;
  readonly scramUsers: ScramUsers;
  readonly features: Features;
  readonly quorum: Quorum;
  readonly controllers: Controllers;
  readonly snapshots: Snapshots;
  readonly log: MetadataLog;
  /** The furthest position that a write through this was answered with: every later read reaches it. */
  position(): Position | null;
  /** The log as it grows. */
  feed(wish: FeedWish): AsyncGenerator<FeedEvent, void, undefined>;
  /**
   * The same, for who reads a lot: what is read in one turn of the event loop, with the same freshness, is one batch over
   * a WebSocket, and shows one moment.
   */
  connect(): ConnectedCluster;
  /** A cluster of its own that begins with this one's metadata, with one voter unless said. */
  fork(wish?: ForkWish): Promise<FormedCluster>;
  /** Any controller API in Kafka's JSON form; a refusal of Kafka's is in the body. Not repeated. */
  rpc<Body>(
    api: string,
    body: unknown,
    options?: Asking & { readonly version?: number },
  ): Promise<Answer<Body>>;
}

/** A cluster that is read over one socket. */
export interface ConnectedCluster extends Cluster {
  /** Lets go of the socket once what is under way has come. What is read later goes by HTTP. */
  close(): void;
}

export interface ForkWish extends Asking {
  readonly clusterId?: string;
  readonly voters?: 1 | 3 | 5;
  /** Of its state there; the newest unless said. */
  readonly atOffset?: number;
}

export function kedge(deployment: Deployment, patience: Patience = SOME_PATIENCE): Kedge {
  const caller = callerOf(deployment, patience);
  // Each look at the log is the feed's own: it tells its reader when it is cut off.
  const impatient = callerOf(deployment);
  const clusters = clustersOf(caller);
  return {
    clusters,
    tokens: tokensOf(caller),
    health: healthOf(caller),
    cluster(clusterId) {
      const callers = { deployment, patience, caller, clusters, impatient };
      return clusterOf(callers, clusterId, { written: { last: null } });
    },
  };
}

interface Callers {
  readonly deployment: Deployment;
  readonly patience: Patience;
  readonly caller: Caller;
  /** Repeats nothing. */
  readonly impatient: Caller;
  readonly clusters: Clusters;
}

function clusterOf(callers: Callers, clusterId: string, options: CallsOptions): Cluster {
  const { caller, impatient, clusters } = callers;
  const calls = clusterCalls(caller, clusterId, options);
  const followed = metadataLogOf(clusterCalls(impatient, clusterId));
  return {
    clusterId,
    topics: topicsOf(calls),
    reassignments: reassignmentsOf(calls),
    leaderElections: leaderElectionsOf(calls),
    brokers: brokersOf(calls),
    configs: configsOf(calls),
    acls: aclsOf(calls),
    clientQuotas: clientQuotasOf(calls),
    scramUsers: scramUsersOf(calls),
    features: featuresOf(calls),
    quorum: quorumOf(calls),
    controllers: controllersOf(calls),
    snapshots: snapshotsOf(calls),
    log: metadataLogOf(calls),
    position: () => calls.position(),
    feed: (wish) => feed(followed, wish),
    connect: () => connected(callers, clusterId, options.written),
    fork: ({ clusterId: id, voters = 1, atOffset, ...asking } = {}) =>
      clusters.form(
        {
          voters,
          fork_of: clusterId,
          ...(id === undefined ? {} : { cluster_id: id }),
          ...(atOffset === undefined ? {} : { at_offset: atOffset }),
        },
        asking,
      ),
    rpc: (api, body, { version, signal } = {}) =>
      calls.json(["rpc", api], {
        method: "POST",
        body,
        as: "broker",
        parameters: { version },
        signal,
      }),
  };
}

/** A read there reaches what was written here, and the reverse. */
function connected(callers: Callers, clusterId: string, written: Written): ConnectedCluster {
  const { deployment, patience, caller, impatient } = callers;
  const path = pathOf("clusters", clusterId, "reads");
  const { read: alone } = readsOverHttp(caller, clusterId);
  const reads = batchedReads({ caller: impatient, path, patience, alone, door: deployment });
  return { ...clusterOf(callers, clusterId, { written, reads }), close: () => reads.close() };
}
