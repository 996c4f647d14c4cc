/**
 * The typed client of the HTTP interface, from its door: a deployment, its clusters, and of one cluster everything that
 * docs/HTTP.md lists but frames and links. What may be repeated is repeated for a while when the edge or a controller
 * is away; what was written through a `Cluster` is in what is read through it.
 */
import { aclsOf, type Acls } from "./acls.ts";
import { brokersOf, type Brokers } from "./brokers.ts";
import { callerOf, SOME_PATIENCE, type Answer, type Deployment, type Patience } from "./caller.ts";
import { clientQuotasOf, type ClientQuotas } from "./client-quotas.ts";
import { clusterCalls, type Asking } from "./cluster-calls.ts";
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
  /** A cluster of its own that begins with this one's metadata, with one voter unless said. */
  fork(wish?: ForkWish): Promise<FormedCluster>;
  /** Any controller API in Kafka's JSON form; a refusal of Kafka's is in the body. Not repeated. */
  rpc<Body>(
    api: string,
    body: unknown,
    options?: Asking & { readonly version?: number },
  ): Promise<Answer<Body>>;
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
      const calls = clusterCalls(caller, clusterId);
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
    },
  };
}
