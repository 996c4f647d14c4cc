/**
 * The schemas of all metadata records, and the union of the values they describe. How a record is framed in the log
 * is in `metadata-record.ts`.
 */
import { RegisterBrokerRecord } from "./records/register-broker-record.ts";
import { UnregisterBrokerRecord } from "./records/unregister-broker-record.ts";
import { TopicRecord } from "./records/topic-record.ts";
import { PartitionRecord } from "./records/partition-record.ts";
import { ConfigRecord } from "./records/config-record.ts";
import { PartitionChangeRecord } from "./records/partition-change-record.ts";
import { FenceBrokerRecord } from "./records/fence-broker-record.ts";
import { UnfenceBrokerRecord } from "./records/unfence-broker-record.ts";
import { RemoveTopicRecord } from "./records/remove-topic-record.ts";
import { DelegationTokenRecord } from "./records/delegation-token-record.ts";
import { UserScramCredentialRecord } from "./records/user-scram-credential-record.ts";
import { FeatureLevelRecord } from "./records/feature-level-record.ts";
import { ClientQuotaRecord } from "./records/client-quota-record.ts";
import { ProducerIdsRecord } from "./records/producer-ids-record.ts";
import { BrokerRegistrationChangeRecord } from "./records/broker-registration-change-record.ts";
import { AccessControlEntryRecord } from "./records/access-control-entry-record.ts";
import { RemoveAccessControlEntryRecord } from "./records/remove-access-control-entry-record.ts";
import { NoOpRecord } from "./records/no-op-record.ts";
import { ZkMigrationStateRecord } from "./records/zk-migration-state-record.ts";
import { RemoveUserScramCredentialRecord } from "./records/remove-user-scram-credential-record.ts";
import { BeginTransactionRecord } from "./records/begin-transaction-record.ts";
import { EndTransactionRecord } from "./records/end-transaction-record.ts";
import { AbortTransactionRecord } from "./records/abort-transaction-record.ts";
import { RemoveDelegationTokenRecord } from "./records/remove-delegation-token-record.ts";
import { RegisterControllerRecord } from "./records/register-controller-record.ts";
import { ClearElrRecord } from "./records/clear-elr-record.ts";
import { UnregisterControllerRecord } from "./records/unregister-controller-record.ts";
import type { RecordOf, RecordSchema } from "./schema/record.ts";

/** Every metadata record, by the name that kafka-dump-log prints. */
export const recordSchemas = {
  REGISTER_BROKER_RECORD: RegisterBrokerRecord,
  UNREGISTER_BROKER_RECORD: UnregisterBrokerRecord,
  TOPIC_RECORD: TopicRecord,
  PARTITION_RECORD: PartitionRecord,
  CONFIG_RECORD: ConfigRecord,
  PARTITION_CHANGE_RECORD: PartitionChangeRecord,
  FENCE_BROKER_RECORD: FenceBrokerRecord,
  UNFENCE_BROKER_RECORD: UnfenceBrokerRecord,
  REMOVE_TOPIC_RECORD: RemoveTopicRecord,
  DELEGATION_TOKEN_RECORD: DelegationTokenRecord,
  USER_SCRAM_CREDENTIAL_RECORD: UserScramCredentialRecord,
  FEATURE_LEVEL_RECORD: FeatureLevelRecord,
  CLIENT_QUOTA_RECORD: ClientQuotaRecord,
  PRODUCER_IDS_RECORD: ProducerIdsRecord,
  BROKER_REGISTRATION_CHANGE_RECORD: BrokerRegistrationChangeRecord,
  ACCESS_CONTROL_ENTRY_RECORD: AccessControlEntryRecord,
  REMOVE_ACCESS_CONTROL_ENTRY_RECORD: RemoveAccessControlEntryRecord,
  NO_OP_RECORD: NoOpRecord,
  ZK_MIGRATION_STATE_RECORD: ZkMigrationStateRecord,
  REMOVE_USER_SCRAM_CREDENTIAL_RECORD: RemoveUserScramCredentialRecord,
  BEGIN_TRANSACTION_RECORD: BeginTransactionRecord,
  END_TRANSACTION_RECORD: EndTransactionRecord,
  ABORT_TRANSACTION_RECORD: AbortTransactionRecord,
  REMOVE_DELEGATION_TOKEN_RECORD: RemoveDelegationTokenRecord,
  REGISTER_CONTROLLER_RECORD: RegisterControllerRecord,
  CLEAR_ELR_RECORD: ClearElrRecord,
  UNREGISTER_CONTROLLER_RECORD: UnregisterControllerRecord,
} as const satisfies Readonly<Record<string, RecordSchema>>;

export type MetadataRecordType = keyof typeof recordSchemas;

/** One metadata record: its kind, the version it has or will have in the log, and what it says. */
export type MetadataRecord = {
  [T in MetadataRecordType]: RecordOf<(typeof recordSchemas)[T]>;
}[MetadataRecordType];

const byKey = new Map<number, RecordSchema>(
  Object.values(recordSchemas).map((schema) => [schema.key, schema]),
);

/** The schema of a record's key in the log. */
export const recordSchemaByKey = (key: number): RecordSchema | undefined => byKey.get(key);

export const isMetadataRecordType = (type: string): type is MetadataRecordType =>
  Object.hasOwn(recordSchemas, type);
