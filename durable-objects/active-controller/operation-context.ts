/**
 * What a controller starts from when it takes office, the operation that it opens its office with, and what every
 * operation in office, or a read beside it, is given. The voters come from the log, never from what the cluster was
 * formed with.
 */
import {
  ANONYMOUS_CALLER,
  defaultBootstrap,
  initialLiveness,
  NO_MUTATION_BUCKETS,
  takeOver,
  type Bootstrap,
  type ControlContext,
  type ControllerConfig,
  type DelegationTokenKey,
  type MetadataImage,
  type QuorumController,
} from "../../src/metadata/index.ts";
import type { VoterSet } from "../../src/raft/index.ts";
import { seeded } from "../../src/std/random.ts";
import { credentialOf, type BootstrapUser } from "../bootstrap-users.ts";
import type { ClusterIdentity, GovernedCluster } from "../cluster-entry.ts";
import {
  authorizerOf,
  elementsOf,
  settingsOf,
  type ControllerSettings,
} from "../cluster-settings.ts";
import { directoryUuid } from "../replica/metadata-partition.ts";
import type {
  ElectionMeasures,
  OfficeStart,
  Operation,
  StandingContext,
} from "./active-controller.ts";

/** An elected leader's claim to office, made when it has replayed its whole log. */
export interface Claim {
  readonly cluster: GovernedCluster;
  /** The SCRAM users that it begins with. */
  readonly users: readonly BootstrapUser[];
  readonly delegationTokenKey: DelegationTokenKey | null;
  readonly nodeId: number;
  readonly epoch: number;
  /** Everything in the log, all of it committed. */
  readonly image: MetadataImage;
  readonly endOffset: number;
  readonly nowMs: number;
  readonly seed: number;
  /** Bytes of a batch that the log can store. */
  readonly batchBytesMax: number;
  readonly measures: ElectionMeasures;
}

export function takeOffice(claim: Claim): OfficeStart {
  const { cluster, nodeId, epoch, image, endOffset, nowMs, batchBytesMax, measures } = claim;
  const ids = { controllerId: nodeId, activeControllerId: nodeId };
  return {
    epoch,
    image,
    endOffset,
    batchBytesMax,
    measures,
    liveness: initialLiveness(image, nowMs),
    random: seeded(claim.seed),
    context: { ...standingContext(cluster, ids), delegationTokenKey: claim.delegationTokenKey },
  };
}

/** The first operation of every office: bootstrap records for an empty log, and what else a new leader owes. */
export const firstOperation =
  ({ cluster, users }: Pick<Claim, "cluster" | "users">): Operation<null> =>
  (view, context) =>
    takeOver(view, context, bootstrapOf(cluster, users));

const bootstrapOf = (
  { metadata_version: metadataVersion, features, topic_defaults = {} }: ClusterIdentity,
  users: readonly BootstrapUser[],
): Bootstrap => ({
  ...defaultBootstrap(metadataVersion, features),
  scramUsers: users.map(credentialOf),
  brokerDefaults: new Map(
    Object.entries(topic_defaults).map(([name, value]) => [name, String(value)]),
  ),
});

/** A voter set as operations see it. Controllers speak PLAINTEXT, which Kafka numbers 0. */
export const controllersOf = (voters: VoterSet): readonly QuorumController[] =>
  voters.map(({ key, endpoints }) => ({
    id: key.id,
    directoryId: directoryUuid(key.directoryId),
    endpoints: endpoints.map((endpoint) => ({ ...endpoint, securityProtocol: 0 })),
  }));

/**
 * What a read is given on any node, active or not: it sees what is committed, draws and writes nothing, and has no use
 * for a key.
 */
export function readContext(
  cluster: GovernedCluster,
  at: Omit<
    ControlContext,
    keyof StandingContext | "random" | "nextOffset" | "liveness" | "mutationBuckets"
  > &
    Pick<ControlContext, "controllerId" | "activeControllerId"> & {
      readonly image: MetadataImage;
    },
): ControlContext {
  const { image, nowMs, apiVersion, controllers, ...ids } = at;
  return {
    ...standingContext(cluster, ids),
    delegationTokenKey: null,
    nowMs,
    apiVersion,
    controllers,
    random: seeded(0),
    nextOffset: image.provenance.endOffset,
    liveness: initialLiveness(image, nowMs),
    mutationBuckets: NO_MUTATION_BUCKETS,
  };
}

/** A cluster's settings as operations see them. */
export const controllerConfig = (settings: ControllerSettings): ControllerConfig => ({
  brokerSessionTimeoutMs: settings["broker.session.timeout.ms"],
  numPartitions: settings["num.partitions"],
  defaultReplicationFactor: settings["default.replication.factor"],
  deleteTopicEnable: settings["delete.topic.enable"],
  delegationTokenMaxLifetimeMs: settings["delegation.token.max.lifetime.ms"],
  delegationTokenExpiryTimeMs: settings["delegation.token.expiry.time.ms"],
  quotaWindow: {
    count: settings["controller.quota.window.num"],
    seconds: settings["controller.quota.window.size.seconds"],
  },
  policies: {
    topicNamePrefixes: elementsOf(settings["create.topic.policy.name.prefixes"]),
    partitionsMax: settings["create.topic.policy.max.partitions"],
    replicationFactorMin: settings["create.topic.policy.min.replication.factor"],
    replicationFactorMax: settings["create.topic.policy.max.replication.factor"],
    minInsyncReplicasMin: settings["create.topic.policy.min.insync.replicas"],
    forbiddenConfigs: new Set(elementsOf(settings["alter.config.policy.forbidden.configs"])),
  },
});

/** The part of a context that does not change from one operation to the next. */
function standingContext(
  cluster: GovernedCluster,
  ids: Pick<ControlContext, "controllerId" | "activeControllerId">,
): Omit<StandingContext, "delegationTokenKey"> {
  const settings = settingsOf(cluster);
  return {
    ...ids,
    clusterId: cluster.cluster_id,
    caller: ANONYMOUS_CALLER,
    clientId: "",
    config: controllerConfig(settings),
    hasAuthorizer: authorizerOf(settings) !== null,
  };
}
