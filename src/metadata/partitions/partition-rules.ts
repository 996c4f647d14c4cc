/**
 * What an image says about who may lead which replica, and the two configs of a topic that elections ask for. A
 * reader of images: it decides nothing, and hands what it read to `partition-change.ts`.
 */
import { UNASSIGNED_DIRECTORY, type Uuid } from "../../protocol/index.ts";
import { effectiveBoolean } from "../configs/effective.ts";
import { defaultDirectory, hasOnlineDirectory, isActiveBroker } from "../image/cluster-image.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import type { Partition } from "../image/partition.ts";
import { topicById, type PartitionRow } from "../image/topics-image.ts";
import type { Election } from "./leader-election.ts";
import { elrMinIsr } from "./min-isr.ts";
import {
  partitionChange,
  type DesiredPartition,
  type PartitionChange,
} from "./partition-change.ts";

/** Who may be elected by one change; who is there is read from the image where the change does not say. */
export interface ChangeRules {
  /**
   * Each operation says its own, as in Kafka. `configured`: unclean where the topic, or the cluster for it, allows
   * that; else online. It is for what happens to brokers; an operator who moves replicas has not asked to lose any.
   */
  readonly election: Election | "configured";
  /** Which brokers count as there; by default the active ones. */
  readonly isActive?: (brokerId: number) => boolean;
}

export type ChangePartition = (
  row: PartitionRow,
  desired: DesiredPartition,
  rules: ChangeRules,
) => PartitionChange | null;

/**
 * `partitionChange` in the world of `view`. Make one per operation: it reads the settings of each topic once, where
 * a fencing asks for them partition by partition.
 */
export function partitionChanger(view: MetadataImage): ChangePartition {
  const settings = new Map<Uuid, ElectionSettings>();
  const { metadataVersion } = view.features;
  const isActiveHere = (brokerId: number): boolean => isActiveBroker(view.cluster, brokerId);
  return (row, desired, rules) => {
    const { topicId, partition } = row;
    const topic = settings.get(topicId) ?? electionSettings(view, topicId);
    settings.set(topicId, topic);
    const isActive = rules.isActive ?? isActiveHere;
    const configured = topic.allowsUncleanElection ? "unclean" : "online";
    return partitionChange(row, partition, desired, {
      election: rules.election === "configured" ? configured : rules.election,
      isAcceptable: (id) => {
        const directory = desired.directories?.get(id) ?? directoryOf(partition, id);
        return isActive(id) && hasOnlineDirectory(view.cluster, id, directory);
      },
      metadataVersion,
      defaultDirectory: (id) => defaultDirectory(view.cluster, metadataVersion, id),
      elrMinIsr: topic.elrMinIsr,
    });
  };
}

/** Where a broker keeps its replica; unassigned, which counts as served, where it has none yet. */
function directoryOf(partition: Partition, brokerId: number): Uuid {
  return partition.directories[partition.replicas.indexOf(brokerId)] ?? UNASSIGNED_DIRECTORY;
}

interface ElectionSettings {
  readonly allowsUncleanElection: boolean;
  readonly elrMinIsr: number | null;
}

function electionSettings(view: MetadataImage, topicId: Uuid): ElectionSettings {
  const name = topicById(view.topics, topicId)?.name ?? "";
  return {
    allowsUncleanElection: allowsUncleanElection(view, name),
    elrMinIsr: elrMinIsr(view, topicId),
  };
}

/** Whether a topic may be led by a replica that lacks acknowledged records. */
export function allowsUncleanElection(view: MetadataImage, topicName: string): boolean {
  return effectiveBoolean(view.configs, topicName, "unclean.leader.election.enable");
}
