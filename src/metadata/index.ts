/**
 * The only door of the metadata state machine: the image and what makes it, the control operations by API, and what
 * the active controller does of its own accord.
 */
export { registerVoters, takeOver } from "./activation.ts";
export { bootstrapRecords, defaultBootstrap, type Bootstrap } from "./bootstrap.ts";
export { SUPPORTED_FEATURES, type SupportedFeature } from "./features/supported.ts";
export type {
  Access,
  Asker,
  AuthorizationResult,
  AuthorizerSettings,
  Decision,
  Operation,
  ResourceType,
} from "./access/access.ts";
export {
  CLUSTER_NAME,
  configsAccess,
  DEMANDS,
  DENIED,
  type Demand,
  type DemandedAccess,
  type Disclosure,
} from "./access/demands.ts";
export { authorize } from "./access/standard-authorizer.ts";
export { authorizeByResourceType } from "./access/authorize-by-resource-type.ts";
export { runAuthorized, wholeDenial, type AuthorizedResult } from "./authorized/run-authorized.ts";
export type { Denial } from "./authorized/judge.ts";
export { CHOSEN_FEATURES, chosenLevelRefusal } from "./features/chosen.ts";
export {
  METADATA_VERSION,
  MV_DEFAULT,
  MV_MAX,
  MV_MIN,
  metadataVersionName,
} from "./features/levels.ts";
export { levelOfRelease, releasesFrom } from "./features/releases.ts";
export { controllerApis, type ControllerApis } from "./control/apis.ts";
export { BOUNDED_BATCH_BYTES, BOUNDED_BATCH_RECORDS } from "./control/batch-bound.ts";
export { DelegationTokenKey } from "./control/delegation-token-key.ts";
export { describedConfigs, type DescribedConfig } from "./control/describe-configs.ts";
export {
  SALTED_PASSWORD_BYTES_MAX,
  SCRAM_ITERATIONS,
  SCRAM_MECHANISMS,
  scramKeys,
  type ScramMechanism,
} from "./control/scram-keys.ts";
export { INTERNAL_TOPICS, type Policies } from "./control/policies.ts";
export {
  ANONYMOUS_CALLER,
  RECORDS_PER_OPERATION_MAX,
  type Caller,
  type ControlContext,
  type ControllerConfig,
  type ControlOperation,
  type ControlResult,
  type ControlRule,
  type QuorumController,
} from "./control/operation.ts";
export { balancePartitionLeaders } from "./duties/balance-partition-leaders.ts";
export { electUncleanLeaders } from "./duties/elect-unclean-leaders.ts";
export { expireDelegationTokens } from "./duties/expire-delegation-tokens.ts";
export { fenceStaleBrokers } from "./duties/fence-stale-brokers.ts";
export { markIdleLog } from "./duties/mark-idle-log.ts";
export { NO_MUTATION_BUCKETS, type MutationBuckets } from "./quotas/mutation-buckets.ts";
export {
  hasContacts,
  initialLiveness,
  nextFencingDeadline,
  type BrokerContact,
  type BrokerLiveness,
} from "./liveness/broker-heartbeats.ts";
export { isLeaseNear, leaseAlarmAt } from "./liveness/lease-alarm.ts";
export {
  emptyImage,
  finalizedFeatures,
  stableImage,
  type MetadataContents,
  type MetadataImage,
  type Provenance,
} from "./image/metadata-image.ts";
export { applyRecords } from "./replay/apply-records.ts";
export { replayInSlices, type ReplayedBatch } from "./replay/replay-in-slices.ts";
export { forkRecords } from "./fork.ts";
export { REDACTED, redacted, redactedIn } from "./redaction.ts";
export {
  metadataChanges,
  type ChangedEntity,
  type MetadataChange,
} from "./diff/metadata-changes.ts";
export type { FieldChange } from "./diff/changed-fields.ts";
export { imageToRecords } from "./image/image-to-records.ts";
export { unsharedChunks } from "./image/unshared-chunks.ts";
export {
  brokerById,
  hasBrokerEpoch,
  isActiveBroker,
  type BrokerRegistration,
  type ClusterImage,
  type ControllerRegistration,
  type Endpoint,
} from "./image/cluster-image.ts";
export {
  CONFIG_RESOURCE,
  configsOf,
  type ConfigsImage,
  type ResourceConfigs,
} from "./image/configs-image.ts";
export { finalizedLevel, finalizedLevels, type FeaturesImage } from "./image/features-image.ts";
export { isReassigning, isUnderReplicated, type Partition } from "./image/partition.ts";
export { MIN_ISR } from "./partitions/min-isr.ts";
export { effectiveInteger } from "./configs/effective.ts";
export {
  allPartitions,
  allTopics,
  imbalancedPartitions,
  leaderlessPartitions,
  partitionAt,
  partitionsLedBy,
  partitionsOfTopic,
  partitionsWithIsrMember,
  partitionsWithReplica,
  reassigningPartitions,
  topicById,
  topicByName,
  type PartitionRow,
  type Topic,
  type TopicsImage,
} from "./image/topics-image.ts";
export { scramCredential, type ScramImage } from "./image/scram-image.ts";
export {
  ACL_OPERATION,
  ACL_PATTERN,
  ACL_PERMISSION,
  ACL_RESOURCE,
  NO_ACLS,
  type AclsImage,
} from "./image/acls-image.ts";
export type { ClientQuotasImage, EntityQuotas } from "./image/client-quotas-image.ts";
export type { DelegationTokensImage } from "./image/delegation-tokens-image.ts";
