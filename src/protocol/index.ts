/**
 * The only door of the wire. Bytes and values, nothing else: no rule of the quorum or of the metadata is in here.
 */
export { DecodeError, EncodeError } from "./bytes/errors.ts";
export { Reader } from "./bytes/reader.ts";
export { Writer } from "./bytes/writer.ts";
export { crc32c } from "./bytes/crc32c.ts";
export { utf8Encode, utf8Size } from "./bytes/utf8.ts";
export {
  isReservedUuid,
  isUuid,
  LOST_DIRECTORY,
  METADATA_TOPIC_ID,
  MIGRATING_DIRECTORY,
  UNASSIGNED_DIRECTORY,
  uuidFromBytes,
  uuidToBytes,
  ZERO_UUID,
  type Uuid,
} from "./bytes/uuid.ts";
export {
  errorResponse,
  type Api,
  type ApiError,
  type ApiTraits,
  type RequestOf,
  type ResponseOf,
} from "./schema/api.ts";
export type { Decoded, Encodable, Fields, Partially } from "./schema/field.ts";
export type { AnyMessage, InputOf, Message, MessageCodec, ValueOf } from "./schema/message.ts";
export type { RecordOf, RecordSchema, Recorded } from "./schema/record.ts";
export { boundsOf, covers, versionsOf, type Bounds, type Range } from "./schema/versions.ts";
export { ApiKey, type ApiName } from "./api-keys.ts";
export { apiByKey, apiByName, apis, isApiName, type Apis } from "./apis.ts";
export {
  controlRecordSchema,
  decodeControlRecord,
  encodeControlRecord,
  isControlRecordType,
  type ControlBytes,
  type ControlRecord,
  type ControlRecordType,
} from "./control-records.ts";
export {
  decodeRequestFrame,
  decodeResponseFrame,
  peekRequest,
  requestFrame,
  responseFrame,
  type RequestFrame,
  type RequestPrefix,
  type ResponseBody,
  type ResponseFrame,
  type UnsupportedRequest,
} from "./frame.ts";
export { decodeHostAddress } from "./host-address.ts";
export {
  controlRecordToJson,
  fromJson,
  JsonError,
  metadataRecordFromJson,
  metadataRecordToJson,
  toJson,
  type JsonObject,
  type JsonValue,
  type RecordJson,
} from "./json.ts";
export {
  decodeMetadataRecord,
  encodeMetadataRecord,
  encodeMetadataRecords,
  metadataRecordSize,
} from "./metadata-record.ts";
export { ANONYMOUS, decodePrincipal, encodePrincipal, type Principal } from "./principal.ts";
export {
  BATCH_BYTES_MAX,
  BATCH_HEADER_BYTES,
  dataRecordBytes,
  decodeRecordBatch,
  decodeVerifiedBatch,
  encodeControlBatch,
  encodeDataBatch,
  peekRecordBatch,
  recordBatches,
  type BatchHeader,
  type BatchInRow,
  type BatchPosition,
  type DataBatch,
  type RecordBatch,
} from "./record-batch.ts";
export {
  snapshotEncoder,
  type FramedVoters,
  type SnapshotEncoder,
  type SnapshotFrame,
} from "./snapshot.ts";
export { decodeSnapshot, SnapshotReader, type DecodedSnapshot } from "./snapshot-reader.ts";
export { RequestHeader } from "./messages/request-header.ts";
export { ResponseHeader } from "./messages/response-header.ts";
export { ErrorCode, errorName, type ErrorName } from "./error-codes.ts";
export {
  isMetadataRecordType,
  recordSchemaByKey,
  recordSchemas,
  type MetadataRecord,
  type MetadataRecordType,
} from "./record-schemas.ts";
export { Fetch, type FetchRequest, type FetchResponse } from "./messages/fetch.ts";
export {
  SaslHandshake,
  type SaslHandshakeRequest,
  type SaslHandshakeResponse,
} from "./messages/sasl-handshake.ts";
export {
  ApiVersions,
  type ApiVersionsRequest,
  type ApiVersionsResponse,
  introducesItself,
} from "./messages/api-versions.ts";
export {
  CreateTopics,
  type CreateTopicsRequest,
  type CreateTopicsResponse,
} from "./messages/create-topics.ts";
export {
  DeleteTopics,
  type DeleteTopicsRequest,
  type DeleteTopicsResponse,
} from "./messages/delete-topics.ts";
export {
  DescribeAcls,
  type DescribeAclsRequest,
  type DescribeAclsResponse,
} from "./messages/describe-acls.ts";
export {
  CreateAcls,
  type CreateAclsRequest,
  type CreateAclsResponse,
} from "./messages/create-acls.ts";
export {
  DeleteAcls,
  type DeleteAclsRequest,
  type DeleteAclsResponse,
} from "./messages/delete-acls.ts";
export {
  DescribeConfigs,
  type DescribeConfigsRequest,
  type DescribeConfigsResponse,
} from "./messages/describe-configs.ts";
export {
  AlterConfigs,
  type AlterConfigsRequest,
  type AlterConfigsResponse,
} from "./messages/alter-configs.ts";
export {
  SaslAuthenticate,
  type SaslAuthenticateRequest,
  type SaslAuthenticateResponse,
} from "./messages/sasl-authenticate.ts";
export {
  CreatePartitions,
  type CreatePartitionsRequest,
  type CreatePartitionsResponse,
} from "./messages/create-partitions.ts";
export {
  CreateDelegationToken,
  type CreateDelegationTokenRequest,
  type CreateDelegationTokenResponse,
} from "./messages/create-delegation-token.ts";
export {
  RenewDelegationToken,
  type RenewDelegationTokenRequest,
  type RenewDelegationTokenResponse,
} from "./messages/renew-delegation-token.ts";
export {
  ExpireDelegationToken,
  type ExpireDelegationTokenRequest,
  type ExpireDelegationTokenResponse,
} from "./messages/expire-delegation-token.ts";
export {
  DescribeDelegationToken,
  type DescribeDelegationTokenRequest,
  type DescribeDelegationTokenResponse,
} from "./messages/describe-delegation-token.ts";
export {
  ElectLeaders,
  type ElectLeadersRequest,
  type ElectLeadersResponse,
} from "./messages/elect-leaders.ts";
export {
  IncrementalAlterConfigs,
  type IncrementalAlterConfigsRequest,
  type IncrementalAlterConfigsResponse,
} from "./messages/incremental-alter-configs.ts";
export {
  AlterPartitionReassignments,
  type AlterPartitionReassignmentsRequest,
  type AlterPartitionReassignmentsResponse,
} from "./messages/alter-partition-reassignments.ts";
export {
  ListPartitionReassignments,
  type ListPartitionReassignmentsRequest,
  type ListPartitionReassignmentsResponse,
} from "./messages/list-partition-reassignments.ts";
export {
  AlterClientQuotas,
  type AlterClientQuotasRequest,
  type AlterClientQuotasResponse,
} from "./messages/alter-client-quotas.ts";
export {
  DescribeUserScramCredentials,
  type DescribeUserScramCredentialsRequest,
  type DescribeUserScramCredentialsResponse,
} from "./messages/describe-user-scram-credentials.ts";
export {
  AlterUserScramCredentials,
  type AlterUserScramCredentialsRequest,
  type AlterUserScramCredentialsResponse,
} from "./messages/alter-user-scram-credentials.ts";
export { Vote, type VoteRequest, type VoteResponse } from "./messages/vote.ts";
export {
  BeginQuorumEpoch,
  type BeginQuorumEpochRequest,
  type BeginQuorumEpochResponse,
} from "./messages/begin-quorum-epoch.ts";
export {
  EndQuorumEpoch,
  type EndQuorumEpochRequest,
  type EndQuorumEpochResponse,
} from "./messages/end-quorum-epoch.ts";
export {
  DescribeQuorum,
  type DescribeQuorumRequest,
  type DescribeQuorumResponse,
} from "./messages/describe-quorum.ts";
export {
  AlterPartition,
  type AlterPartitionRequest,
  type AlterPartitionResponse,
} from "./messages/alter-partition.ts";
export {
  UpdateFeatures,
  type UpdateFeaturesRequest,
  type UpdateFeaturesResponse,
} from "./messages/update-features.ts";
export { Envelope, type EnvelopeRequest, type EnvelopeResponse } from "./messages/envelope.ts";
export {
  FetchSnapshot,
  type FetchSnapshotRequest,
  type FetchSnapshotResponse,
} from "./messages/fetch-snapshot.ts";
export {
  DescribeCluster,
  type DescribeClusterRequest,
  type DescribeClusterResponse,
} from "./messages/describe-cluster.ts";
export {
  BrokerRegistration,
  type BrokerRegistrationRequest,
  type BrokerRegistrationResponse,
} from "./messages/broker-registration.ts";
export {
  BrokerHeartbeat,
  type BrokerHeartbeatRequest,
  type BrokerHeartbeatResponse,
} from "./messages/broker-heartbeat.ts";
export {
  FenceBroker,
  type FenceBrokerRequest,
  type FenceBrokerResponse,
} from "./messages/fence-broker.ts";
export {
  UnregisterBroker,
  type UnregisterBrokerRequest,
  type UnregisterBrokerResponse,
} from "./messages/unregister-broker.ts";
export {
  AllocateProducerIds,
  type AllocateProducerIdsRequest,
  type AllocateProducerIdsResponse,
} from "./messages/allocate-producer-ids.ts";
export {
  ControllerRegistration,
  type ControllerRegistrationRequest,
  type ControllerRegistrationResponse,
} from "./messages/controller-registration.ts";
export {
  AssignReplicasToDirs,
  type AssignReplicasToDirsRequest,
  type AssignReplicasToDirsResponse,
} from "./messages/assign-replicas-to-dirs.ts";
export {
  AddRaftVoter,
  type AddRaftVoterRequest,
  type AddRaftVoterResponse,
} from "./messages/add-raft-voter.ts";
export {
  RemoveRaftVoter,
  type RemoveRaftVoterRequest,
  type RemoveRaftVoterResponse,
} from "./messages/remove-raft-voter.ts";
export {
  UpdateRaftVoter,
  type UpdateRaftVoterRequest,
  type UpdateRaftVoterResponse,
} from "./messages/update-raft-voter.ts";
export {
  UnregisterController,
  type UnregisterControllerRequest,
  type UnregisterControllerResponse,
} from "./messages/unregister-controller.ts";
export { DefaultPrincipalData } from "./messages/default-principal-data.ts";
export { KRaftVersionRecord } from "./records/kraft-version-record.ts";
export { LeaderChangeMessage } from "./records/leader-change-message.ts";
export { SnapshotFooterRecord } from "./records/snapshot-footer-record.ts";
export { SnapshotHeaderRecord } from "./records/snapshot-header-record.ts";
export { VotersRecord } from "./records/voters-record.ts";
export { RegisterBrokerRecord } from "./records/register-broker-record.ts";
export { UnregisterBrokerRecord } from "./records/unregister-broker-record.ts";
export { TopicRecord } from "./records/topic-record.ts";
export { PartitionRecord } from "./records/partition-record.ts";
export { ConfigRecord } from "./records/config-record.ts";
export { PartitionChangeRecord } from "./records/partition-change-record.ts";
export { FenceBrokerRecord } from "./records/fence-broker-record.ts";
export { UnfenceBrokerRecord } from "./records/unfence-broker-record.ts";
export { RemoveTopicRecord } from "./records/remove-topic-record.ts";
export { DelegationTokenRecord } from "./records/delegation-token-record.ts";
export { UserScramCredentialRecord } from "./records/user-scram-credential-record.ts";
export { FeatureLevelRecord } from "./records/feature-level-record.ts";
export { ClientQuotaRecord } from "./records/client-quota-record.ts";
export { ProducerIdsRecord } from "./records/producer-ids-record.ts";
export { BrokerRegistrationChangeRecord } from "./records/broker-registration-change-record.ts";
export { AccessControlEntryRecord } from "./records/access-control-entry-record.ts";
export { RemoveAccessControlEntryRecord } from "./records/remove-access-control-entry-record.ts";
export { NoOpRecord } from "./records/no-op-record.ts";
export { ZkMigrationStateRecord } from "./records/zk-migration-state-record.ts";
export { RemoveUserScramCredentialRecord } from "./records/remove-user-scram-credential-record.ts";
export { BeginTransactionRecord } from "./records/begin-transaction-record.ts";
export { EndTransactionRecord } from "./records/end-transaction-record.ts";
export { AbortTransactionRecord } from "./records/abort-transaction-record.ts";
export { RemoveDelegationTokenRecord } from "./records/remove-delegation-token-record.ts";
export { RegisterControllerRecord } from "./records/register-controller-record.ts";
export { ClearElrRecord } from "./records/clear-elr-record.ts";
export { UnregisterControllerRecord } from "./records/unregister-controller-record.ts";
