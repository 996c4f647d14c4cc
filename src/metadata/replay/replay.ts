/**
 * What each metadata record means: one exhaustive switch. Replaying a committed record may not refuse. It succeeds,
 * or it asserts because this image cannot be the one that the record was written for.
 */
import { unreachable } from "../../std/assert.ts";
import type { MetadataRecord } from "../../protocol/index.ts";
import { withAcl, withoutAcl } from "../image/acls-image.ts";
import { withClientQuota } from "../image/client-quotas-image.ts";
import {
  withBroker,
  withBrokerChange,
  withBrokerFenced,
  withController,
  withoutBroker,
  withoutController,
} from "../image/cluster-image.ts";
import { removeConfigs, setConfig, type ConfigsDelta } from "../image/configs-delta.ts";
import { CONFIG_RESOURCE } from "../image/configs-image.ts";
import { withDelegationToken, withoutDelegationToken } from "../image/delegation-tokens-image.ts";
import { withFeatureLevel } from "../image/features-image.ts";
import type { MetadataContents } from "../image/metadata-image.ts";
import { withProducerIds } from "../image/producer-ids-image.ts";
import { withoutScramCredential, withScramCredential } from "../image/scram-image.ts";
import {
  addTopic,
  changePartition,
  clearElr,
  putPartition,
  removeTopic,
  type TopicsDelta,
} from "../image/topics-delta.ts";

/** Records that change the image. Those of transactions only say which others do. */
export type ImageRecord = Exclude<MetadataRecord, { readonly type: TransactionRecordType }>;
type TransactionRecordType =
  | "BEGIN_TRANSACTION_RECORD"
  | "END_TRANSACTION_RECORD"
  | "ABORT_TRANSACTION_RECORD";

/** What is replayed into: topics and configs as deltas, everything else as a value that is replaced. */
export interface ReplayTarget {
  contents: SmallContents;
  readonly topics: TopicsDelta;
  readonly configs: ConfigsDelta;
}

type SmallContents = Omit<MetadataContents, "topics" | "configs">;

export function replay(delta: ReplayTarget, record: ImageRecord): void {
  const { topics, configs } = delta;
  const { features, cluster, clientQuotas, producerIds, acls, scram, delegationTokens } =
    delta.contents;
  switch (record.type) {
    case "FEATURE_LEVEL_RECORD":
      return put(delta, { features: withFeatureLevel(features, record.data) });
    case "REGISTER_BROKER_RECORD":
      return put(delta, { cluster: withBroker(cluster, record.data) });
    case "UNREGISTER_BROKER_RECORD":
      return put(delta, { cluster: withoutBroker(cluster, record.data.brokerId) });
    case "FENCE_BROKER_RECORD":
      return put(delta, { cluster: withBrokerFenced(cluster, record.data, true) });
    case "UNFENCE_BROKER_RECORD":
      return put(delta, { cluster: withBrokerFenced(cluster, record.data, false) });
    case "BROKER_REGISTRATION_CHANGE_RECORD":
      return put(delta, { cluster: withBrokerChange(cluster, record.data) });
    case "REGISTER_CONTROLLER_RECORD":
      return put(delta, { cluster: withController(cluster, record.data) });
    case "UNREGISTER_CONTROLLER_RECORD":
      return put(delta, { cluster: withoutController(cluster, record.data.controllerId) });
    case "TOPIC_RECORD":
      return addTopic(topics, record.data.name, record.data.topicId);
    case "PARTITION_RECORD":
      return putPartition(topics, record.data);
    case "PARTITION_CHANGE_RECORD":
      return changePartition(topics, record.data);
    case "CLEAR_ELR_RECORD":
      return clearElr(topics, record.data.topicName);
    case "REMOVE_TOPIC_RECORD": {
      const name = removeTopic(topics, record.data.topicId);
      return removeConfigs(configs, CONFIG_RESOURCE.TOPIC, name);
    }
    case "CONFIG_RECORD":
      return setConfig(configs, record.data);
    case "CLIENT_QUOTA_RECORD":
      return put(delta, { clientQuotas: withClientQuota(clientQuotas, record.data) });
    case "PRODUCER_IDS_RECORD":
      return put(delta, { producerIds: withProducerIds(producerIds, record.data) });
    case "ACCESS_CONTROL_ENTRY_RECORD":
      return put(delta, { acls: withAcl(acls, record.data) });
    case "REMOVE_ACCESS_CONTROL_ENTRY_RECORD":
      return put(delta, { acls: withoutAcl(acls, record.data.id) });
    case "USER_SCRAM_CREDENTIAL_RECORD":
      return put(delta, { scram: withScramCredential(scram, record.data) });
    case "REMOVE_USER_SCRAM_CREDENTIAL_RECORD":
      return put(delta, { scram: withoutScramCredential(scram, record.data) });
    case "DELEGATION_TOKEN_RECORD":
      return put(delta, { delegationTokens: withDelegationToken(delegationTokens, record.data) });
    case "REMOVE_DELEGATION_TOKEN_RECORD":
      return put(delta, {
        delegationTokens: withoutDelegationToken(delegationTokens, record.data.tokenId),
      });
    case "NO_OP_RECORD":
    // Nothing migrates from ZooKeeper any more: the record is of the past and says nothing.
    case "ZK_MIGRATION_STATE_RECORD":
      return;
    default:
      unreachable(record);
  }
}

function put(delta: ReplayTarget, changed: Partial<SmallContents>): void {
  delta.contents = { ...delta.contents, ...changed };
}
