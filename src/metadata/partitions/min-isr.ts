/**
 * Eligible leader replicas (KIP-966) stand on one number, `min.insync.replicas`: below it nothing is committed, so that
 * whoever leaves the ISR then still has every committed record. Controller and brokers must mean the same number; here
 * is all that sees to it: whether the cluster uses eligible replicas, which minimum a topic has, which configs may not
 * change meanwhile, and what is written when the feature is switched on or a minimum changes.
 *
 * Who becomes eligible is in `partition-change.ts`, and who leads in `leader-election.ts`. Kafka:
 * `ReplicationControlManager.getTopicEffectiveMinIsr`, `ConfigurationControlManager.maybeGenerateElrSafetyRecords`,
 * `….createClearElrRecordsAsNeeded`, `ActivationRecordsGenerator`.
 */
import {
  ClearElrRecord,
  ConfigRecord,
  type MetadataRecord,
  type Uuid,
} from "../../protocol/index.ts";
import { clusterDefaults, effectiveInteger, effectiveValue } from "../configs/effective.ts";
import type { ConfigChange, Configs, Resource } from "../configs/validate.ts";
import { ELIGIBLE_LEADER_REPLICAS } from "../features/supported.ts";
import { CONFIG_RESOURCE, type ConfigsImage } from "../image/configs-image.ts";
import { finalizedLevel } from "../image/features-image.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import {
  partitionAt,
  partitionsWithElr,
  topicById,
  type TopicsImage,
} from "../image/topics-image.ts";

export const MIN_ISR = "min.insync.replicas";

/** Of more topics than that all are cleared by one record: half of what one operation writes. */
const CLEARED_TOPICS_MAX = 5_000;

/** Every broker understands eligible leader replicas, and the cluster uses them. */
export const isElrEnabled = ({ features }: MetadataImage): boolean =>
  finalizedLevel(features, ELIGIBLE_LEADER_REPLICAS) > 0;

/**
 * The minimum below which replicas that leave the ISR of the topic stay eligible; null while none do. Never more than
 * there are replicas of the first partition, as brokers never ask for more in-sync replicas than a partition has.
 */
export function elrMinIsr(view: MetadataImage, topicId: Uuid): number | null {
  if (!isElrEnabled(view)) return null;
  const name = topicById(view.topics, topicId)?.name ?? "";
  const configured = effectiveInteger(view.configs, name, MIN_ISR);
  const first = partitionAt(view.topics, topicId, 0);
  return first === undefined ? configured : Math.min(configured, first.replicas.length);
}

/** Why the minimum cannot change like this, in Kafka's words: the one for all brokers must stay, and stay the only one. */
export function minIsrRefusal(
  view: MetadataImage,
  { resourceType, resourceName }: Resource,
  changes: readonly ConfigChange[],
): string | null {
  if (resourceType !== CONFIG_RESOURCE.BROKER || !isElrEnabled(view)) return null;
  const change = changes.find(([name]) => name === MIN_ISR);
  if (change === undefined) return null;
  if (resourceName !== "") return `Broker-level ${MIN_ISR} cannot be altered while ELR is enabled.`;
  return change[1] === null
    ? `Cluster-level ${MIN_ISR} cannot be removed while ELR is enabled.`
    : null;
}

/** What goes behind the record of a changed config: under another minimum, who was eligible may not be. */
export function* recordsAfterConfigChange(
  view: MetadataImage,
  { resourceType, resourceName }: Resource,
  name: string,
): Generator<MetadataRecord, void, undefined> {
  if (name !== MIN_ISR || !isElrEnabled(view)) return;
  if (resourceType === CONFIG_RESOURCE.TOPIC)
    yield ClearElrRecord.of(0, { topicName: resourceName });
  if (resourceType === CONFIG_RESOURCE.BROKER) yield ClearElrRecord.of(0, { topicName: "" });
}

/**
 * What is written before the record that switches eligible replicas on: one minimum for all brokers, none for single
 * ones, and nobody who was eligible when they were on before. It is safe to write where they are on: then it is nothing.
 */
export function elrSafetyRecords(view: MetadataImage): readonly MetadataRecord[] {
  const minimum = clusterMinIsr(clusterDefaults(view.configs));
  const records: MetadataRecord[] = minimum === null ? [] : [minimum];
  for (const resourceName of brokersWithMinIsr(view.configs)) {
    const resourceType = CONFIG_RESOURCE.BROKER;
    records.push(ConfigRecord.of(0, { resourceType, resourceName, name: MIN_ISR, value: null }));
  }
  if (isElrEnabled(view)) return records;
  const stale = topicsWithStaleElr(view.topics);
  const cleared = stale.length > CLEARED_TOPICS_MAX ? [""] : stale;
  return [...records, ...cleared.map((topicName) => ClearElrRecord.of(0, { topicName }))];
}

/** The record of the minimum for all brokers, Kafka's default, where nothing in `forAllBrokers` says another. */
export function clusterMinIsr(forAllBrokers: Configs): MetadataRecord | null {
  if (forAllBrokers.has(MIN_ISR)) return null;
  const value = effectiveValue(MIN_ISR, { topic: new Map(), clusterDefaults: forAllBrokers });
  const resourceType = CONFIG_RESOURCE.BROKER;
  return ConfigRecord.of(0, { resourceType, resourceName: "", name: MIN_ISR, value });
}

function* brokersWithMinIsr(configs: ConfigsImage): Generator<string, void, undefined> {
  for (const { resourceType, resourceName, values } of configs.values()) {
    const isBroker = resourceType === CONFIG_RESOURCE.BROKER && resourceName !== "";
    if (isBroker && values.has(MIN_ISR)) yield resourceName;
  }
}

/**
 * While the feature was off its partitions went on committing with fewer in-sync replicas than the minimum. Who was
 * eligible before, in a partition that nothing has changed since, may lack what was committed then. Where nobody is in
 * sync nothing was committed either.
 */
function topicsWithStaleElr(topics: TopicsImage): readonly string[] {
  const names = new Set<string>();
  for (const { topicId, partition } of partitionsWithElr(topics)) {
    if (partition.isr.length > 0) names.add(topicById(topics, topicId)?.name ?? "");
  }
  return [...names].toSorted();
}
