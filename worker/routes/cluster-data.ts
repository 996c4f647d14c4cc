/**
 * A cluster as the HTTP interface shows it, from what the directory lists.
 */
import {
  nodesOf,
  type ClusterEntry,
  type ClusterIdentity,
  type ClusterPlan,
  type ForkOrigin,
  type PlannedController,
} from "../../durable-objects/cluster-entry.ts";
import type { Deletion } from "../../durable-objects/cluster-deletion.ts";
import {
  settingsOf,
  type ClusterSettings,
  type TopicDefaults,
} from "../../durable-objects/cluster-settings.ts";
import { CONFIG_RESOURCE, configsOf, type MetadataImage } from "../../src/metadata/index.ts";
import type { ScopedContext } from "../env.ts";
import { addressOf, resource, type Related, type Resource } from "../http/resources.ts";

export interface ClusterData extends Resource, Omit<ClusterIdentity, "fork_of" | "topic_defaults"> {
  /** The initial voters. Their directory ids are there once the cluster was formed. */
  readonly controllers: readonly PlannedController[];
  /** Under Kafka's names, in milliseconds and bytes. The topic defaults are there where the log was looked into. */
  readonly settings: ClusterSettings & TopicDefaults;
  /** Of a fork: which cluster it began with, and the last record of it that it has. */
  readonly fork_of?: Pick<ForkOrigin, "cluster_id" | "offset">;
  /** Of a deleted one: when that was, and until when it can be undone. */
  readonly deleted_ms?: number;
  readonly undelete_until_ms?: number;
  /** The broker that a client is to take for the controller, where the log was looked into and one is there. */
  readonly controller?: Related;
  readonly acls: Related;
  readonly brokers: Related;
  readonly broker_configs: Related;
  readonly consumer_groups: Related;
  readonly topics: Related;
  readonly partition_reassignments: Related;
  readonly quorum: Related;
  readonly metadata_log: Related;
  readonly snapshots: Related;
}

export function clusterData(
  context: ScopedContext,
  entry: ClusterPlan | ClusterEntry,
  {
    deletion,
    image,
  }: { readonly deletion?: Deletion | undefined; readonly image?: MetadataImage } = {},
): ClusterData {
  const path = ["clusters", entry.cluster_id];
  const { fork_of: origin } = entry;
  const related = (...names: readonly (string | number)[]): Related => ({
    related: addressOf(context, ...path, ...names),
  });
  const controllerId = image === undefined ? undefined : brokerForClients(image);
  return {
    ...resource(context, "KafkaCluster", path),
    cluster_id: entry.cluster_id,
    controllers: nodesOf(entry),
    metadata_version: entry.metadata_version,
    ...(entry.features === undefined ? {} : { features: entry.features }),
    settings: { ...settingsOf(entry), ...(image === undefined ? {} : topicDefaultsIn(image)) },
    created_ms: entry.created_ms,
    ...(entry.observed === true ? { observed: true as const } : {}),
    ...(entry.jurisdiction === undefined ? {} : { jurisdiction: entry.jurisdiction }),
    ...(origin === undefined
      ? {}
      : { fork_of: { cluster_id: origin.cluster_id, offset: origin.offset } }),
    ...(deletion === undefined ? {} : deletionData(deletion)),
    ...(controllerId === undefined ? {} : { controller: related("brokers", controllerId) }),
    acls: related("acls"),
    brokers: related("brokers"),
    broker_configs: related("broker-configs"),
    consumer_groups: related("consumer-groups"),
    topics: related("topics"),
    partition_reassignments: related("topics", "-", "partitions", "-", "reassignment"),
    quorum: related("quorum"),
    metadata_log: related("metadata-log"),
    snapshots: related("snapshots"),
  };
}

/**
 * Controllers are no brokers, so a client is told of any broker that is there, as Kafka's own brokers tell it: whatever
 * is asked of that one, it forwards.
 */
const brokerForClients = ({ cluster }: MetadataImage): number | undefined =>
  [...cluster.brokers.values()].find(({ fenced }) => !fenced)?.id;

/** What all brokers are set to, where it is set and can be read. */
function topicDefaultsIn({ configs }: MetadataImage): TopicDefaults {
  const set = configsOf(configs, CONFIG_RESOURCE.BROKER, "");
  const minIsr = Number(set.get("min.insync.replicas") ?? Number.NaN);
  const unclean = set.get("unclean.leader.election.enable")?.toLowerCase();
  return {
    ...(Number.isInteger(minIsr) ? { "min.insync.replicas": minIsr } : {}),
    ...(unclean === undefined ? {} : { "unclean.leader.election.enable": unclean === "true" }),
  };
}

export const deletionData = ({
  deleted_ms,
  undelete_until_ms,
}: Deletion): Pick<Deletion, "deleted_ms" | "undelete_until_ms"> => ({
  deleted_ms,
  undelete_until_ms,
});
