/**
 * An image as the records that make it: the contents of a snapshot (KIP-630), in Kafka's order of areas and in
 * canonical order within each. A generator, so that two million partitions are never records all at once.
 *
 * A snapshot loses nothing: what a record version of this metadata.version could not hold cannot be in the image.
 */
import {
  AccessControlEntryRecord,
  ClientQuotaRecord,
  ConfigRecord,
  DelegationTokenRecord,
  FeatureLevelRecord,
  ProducerIdsRecord,
  RegisterBrokerRecord,
  RegisterControllerRecord,
  TopicRecord,
  UserScramCredentialRecord,
  type MetadataRecord,
} from "../../protocol/index.ts";
import {
  METADATA_VERSION,
  partitionRecordVersion,
  registerBrokerRecordVersion,
} from "../features/levels.ts";
import type { ClusterImage } from "./cluster-image.ts";
import type { FeaturesImage } from "./features-image.ts";
import type { MetadataContents } from "./metadata-image.ts";
import type { Partition } from "./partition.ts";
import { partitionsOfTopic, type PartitionRow, type TopicsImage } from "./topics-image.ts";

type Records = Generator<MetadataRecord, void, undefined>;

/** `shown` says as what a partition is written; as it is, unless it says otherwise. */
export function* imageToRecords(
  image: MetadataContents,
  shown: (row: PartitionRow) => Partition = ({ partition }) => partition,
): Records {
  const { metadataVersion } = image.features;
  yield* featureRecords(image.features);
  yield* clusterRecords(image.cluster, metadataVersion);
  yield* topicRecords(image.topics, metadataVersion, shown);
  for (const { resourceType, resourceName, values } of image.configs.values()) {
    for (const [name, value] of sorted(values)) {
      yield ConfigRecord.of(0, { resourceType, resourceName, name, value });
    }
  }
  for (const { entity, values } of image.clientQuotas.values()) {
    for (const [key, value] of sorted(values)) {
      yield ClientQuotaRecord.of(0, { entity, key, value, remove: false });
    }
  }
  const { nextProducerId } = image.producerIds;
  if (nextProducerId >= 0) {
    yield ProducerIdsRecord.of(0, { brokerId: -1, brokerEpoch: -1, nextProducerId });
  }
  for (const acl of image.acls.byId.values()) yield AccessControlEntryRecord.of(0, acl);
  for (const credential of image.scram.values()) {
    yield UserScramCredentialRecord.of(0, credential);
  }
  for (const token of image.delegationTokens.values()) yield DelegationTokenRecord.of(0, token);
}

const sorted = <Value>(values: ReadonlyMap<string, Value>): readonly (readonly [string, Value])[] =>
  [...values].toSorted(([a], [b]) => (a < b ? -1 : 1));

/** metadata.version comes first: it says how to read all the rest. */
function* featureRecords({ metadataVersion, levels }: FeaturesImage): Records {
  if (metadataVersion > 0) {
    yield FeatureLevelRecord.of(0, { name: METADATA_VERSION, featureLevel: metadataVersion });
  }
  for (const [name, featureLevel] of sorted(levels)) {
    yield FeatureLevelRecord.of(0, { name, featureLevel });
  }
}

function* clusterRecords(cluster: ClusterImage, metadataVersion: number): Records {
  const version = registerBrokerRecordVersion(metadataVersion);
  for (const broker of cluster.brokers.values()) {
    const { id, epoch, listeners, cordonedLogDirs, ...same } = broker;
    yield RegisterBrokerRecord.of(version, {
      ...same,
      brokerId: id,
      brokerEpoch: epoch,
      endPoints: listeners,
      cordonedLogDirs: cordonedLogDirs.length === 0 ? null : cordonedLogDirs,
    });
  }
  for (const { id, listeners, ...same } of cluster.controllers.values()) {
    yield RegisterControllerRecord.of(0, { ...same, controllerId: id, endPoints: listeners });
  }
}

function* topicRecords(
  topics: TopicsImage,
  metadataVersion: number,
  shown: (row: PartitionRow) => Partition,
): Records {
  const version = partitionRecordVersion(metadataVersion);
  for (const { id, name } of topics.byId.values()) {
    yield TopicRecord.of(0, { name, topicId: id });
    for (const row of partitionsOfTopic(topics, id)) {
      yield partitionRecord(row, shown(row), version);
    }
  }
}

/** A null list and an empty one say the same; null takes no bytes. */
const unlessEmpty = <Item>(list: readonly Item[]): readonly Item[] | null =>
  list.length === 0 ? null : list;

function partitionRecord(
  { topicId, partitionId }: PartitionRow,
  partition: Partition,
  version: number,
): MetadataRecord {
  const data = {
    ...partition,
    topicId,
    partitionId,
    directories: version >= 1 ? partition.directories : [],
    eligibleLeaderReplicas: unlessEmpty(partition.eligibleLeaderReplicas),
    lastKnownElr: unlessEmpty(partition.lastKnownElr),
  };
  // All fields are here: filling in defaults would double the time of a snapshot.
  return { type: "PARTITION_RECORD", version, data };
}
