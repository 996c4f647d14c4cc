/**
 * The single place where a partition's leader and ISR change: from a partition and what is wanted of it to
 * the one record that makes it so, or to null where nothing is to be written. Elections, the completion of
 * reassignments and the bumps of the leader epoch all follow from here; no control operation writes a
 * PartitionChangeRecord of its own making. It decides no permission: whether a wish may be wished is the
 * operation's. KIP-455 (reassignment), KIP-704 (recovery), KIP-858 (directories), KIP-966 (ELR).
 */
import type { MetadataRecord, PartitionChangeRecord, Uuid } from "../../protocol/index.ts";
import { LEADER_UNCHANGED, type Partition } from "../image/partition.ts";
import {
  MV_DIRECTORIES,
  MV_SHRINK_KEEPS_LEADER_EPOCH,
  partitionRecordVersion,
} from "../features/levels.ts";
import { electLeader, type Elected, type Election } from "./leader-election.ts";
import { completedReassignment } from "./reassignment.ts";

/** What is wanted of a partition. An absent field stays as it is. */
export interface DesiredPartition {
  readonly isr?: readonly number[];
  readonly replicas?: readonly number[];
  readonly removingReplicas?: readonly number[];
  readonly addingReplicas?: readonly number[];
  readonly leaderRecoveryState?: number;
  /** Directories by broker, for the replicas whose directory changes. */
  readonly directories?: ReadonlyMap<number, Uuid>;
  /** Brokers that came back without the tail of their logs: neither ISR nor ELR may keep them. */
  readonly uncleanReplicas?: readonly number[];
}

/** The world in which the change is made. */
export interface PartitionRules {
  readonly election: Election;
  /** Whether a broker may lead or stay: alive, not leaving, and the replica's directory online. */
  readonly isAcceptable: (brokerId: number) => boolean;
  readonly metadataVersion: number;
  /** The directory of a replica that has none yet. */
  readonly defaultDirectory: (brokerId: number) => Uuid;
  /** The topic's minimum where eligible leader replicas are on (KIP-966, `min-isr.ts`); null where they are off. */
  readonly elrMinIsr: number | null;
}

/** Which partition of which topic. */
export interface PartitionAddress {
  readonly topicId: Uuid;
  readonly partitionId: number;
}

export type PartitionChange = Extract<MetadataRecord, { readonly type: "PARTITION_CHANGE_RECORD" }>;

/** Leader recovery states on the wire (KIP-704). */
export const RECOVERED = 0;
export const RECOVERING = 1;

const RECOVERY_UNCHANGED = -1;

/** The record that brings `partition` as near to `desired` as `rules` allow; null when it is there already. */
export function partitionChange(
  address: PartitionAddress,
  partition: Partition,
  desired: DesiredPartition,
  rules: PartitionRules,
): PartitionChange | null {
  const target = targetOf(partition, desired);
  const staged = stagedElr(partition, target, desired.uncleanReplicas ?? [], rules);
  const elected = electLeader(
    {
      replicas: target.replicas,
      isr: target.isr,
      elr: staged,
      lastKnownElr: rules.elrMinIsr === null ? [] : partition.lastKnownElr,
      leader: partition.leader,
      isAcceptable: rules.isAcceptable,
    },
    rules.election,
  );
  const changes = {
    ...leadershipChanges(partition, target, staged, { elected, rules }),
    ...assignmentChanges(partition, target, desired, rules),
  };
  const recovery = recoveryChange(partition, desired, elected);
  const all = recovery === null ? changes : { ...changes, leaderRecoveryState: recovery };
  if (Object.keys(all).length === 0) return null;
  return {
    type: "PARTITION_CHANGE_RECORD",
    version: partitionRecordVersion(rules.metadataVersion),
    data: { ...unchanged(address), ...all },
  };
}

type Changes = Partial<PartitionChangeRecord>;

/** A record that changes nothing yet: every field says "as it is". */
function unchanged({ topicId, partitionId }: PartitionAddress): PartitionChangeRecord {
  return {
    topicId,
    partitionId,
    isr: null,
    leader: LEADER_UNCHANGED,
    replicas: null,
    removingReplicas: null,
    addingReplicas: null,
    leaderRecoveryState: RECOVERY_UNCHANGED,
    eligibleLeaderReplicas: null,
    lastKnownElr: null,
    directories: null,
  };
}

interface Target {
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
  readonly removingReplicas: readonly number[];
  readonly addingReplicas: readonly number[];
}

/** The lists wished for; with a reassignment that is thereby complete, the lists that remain of it. */
function targetOf(partition: Partition, desired: DesiredPartition): Target {
  const wished: Target = {
    replicas: desired.replicas ?? partition.replicas,
    isr: desired.isr ?? partition.isr,
    removingReplicas: desired.removingReplicas ?? partition.removingReplicas,
    addingReplicas: desired.addingReplicas ?? partition.addingReplicas,
  };
  const completed = completedReassignment(wished, wished.isr);
  return completed === null ? wished : { ...completed, removingReplicas: [], addingReplicas: [] };
}

/**
 * KIP-966: who left the ISR while it was below min.insync.replicas still has every committed record, since
 * nothing was committed without it. At or above the minimum no replica outside the ISR is needed.
 *
 * Once the feature is off nobody becomes eligible; who was, in a partition that has been without a leader since, still
 * has everything. Kafka forgets them at the next change, and leaves nobody who could lead.
 */
function stagedElr(
  partition: Partition,
  target: Target,
  uncleanReplicas: readonly number[],
  rules: PartitionRules,
): readonly number[] {
  const committing = rules.elrMinIsr ?? 1;
  const present = rules.elrMinIsr === null ? partition.isr.length : target.isr.length;
  if (present >= committing) return [];
  const candidates = new Set([...partition.eligibleLeaderReplicas, ...partition.isr]);
  return [...candidates]
    .filter((id) => target.replicas.includes(id))
    .filter((id) => !target.isr.includes(id) && !uncleanReplicas.includes(id))
    .toSorted((a, b) => a - b);
}

/** Leader, ISR and ELR: what the election and the wish make of them. */
function leadershipChanges(
  partition: Partition,
  target: Target,
  staged: readonly number[],
  outcome: { readonly elected: Elected; readonly rules: PartitionRules },
): Changes {
  const { elected, rules } = outcome;
  const leaderMoves = elected.leader !== partition.leader;
  const isrAfter = isrAfterElection(partition, target, staged, outcome);
  const isOff = rules.elrMinIsr === null;
  const elrAfter =
    elected.isUnclean || (isOff && isrAfter.length > 0)
      ? []
      : staged.filter((id) => !isrAfter.includes(id));
  const changes: Changes = {
    ...(sameIds(isrAfter, partition.isr) ? {} : { isr: isrAfter }),
    ...(sameIds(elrAfter, partition.eligibleLeaderReplicas)
      ? {}
      : { eligibleLeaderReplicas: elrAfter }),
    ...lastKnownElrChange(partition, target, elected.leader, rules),
  };
  if (leaderMoves) return { ...changes, leader: elected.leader };
  const dropsReplica = partition.replicas.some((id) => !target.replicas.includes(id));
  const shrinksIsr = partition.isr.some((id) => !isrAfter.includes(id));
  // A replica that is dropped must stop fetching: only a new leader epoch tells every replica so.
  const bumps =
    (dropsReplica && target.replicas.length > 0) ||
    (shrinksIsr && rules.metadataVersion < MV_SHRINK_KEEPS_LEADER_EPOCH);
  return bumps ? { ...changes, leader: partition.leader } : changes;
}

/** An unclean leader stands alone; so does one that comes out of the ELR; else the ISR is as wished. */
function isrAfterElection(
  partition: Partition,
  target: Target,
  staged: readonly number[],
  outcome: { readonly elected: Elected; readonly rules: PartitionRules },
): readonly number[] {
  const { elected, rules } = outcome;
  if (elected.isUnclean || staged.includes(elected.leader)) return [elected.leader];
  // Without eligible leader replicas the last member stays in the ISR: it alone has every record.
  if (target.isr.length === 0 && rules.elrMinIsr === null) return partition.isr;
  return target.isr;
}

/** KIP-966: the last leader of a leaderless partition is remembered until a replica leads again, or it is none. */
function lastKnownElrChange(
  partition: Partition,
  target: Target,
  leader: number,
  rules: PartitionRules,
): Changes {
  const { replicas } = target;
  const after = leader >= 0 ? [] : partition.lastKnownElr.filter((id) => replicas.includes(id));
  if (leader < 0 && after.length === 0 && rules.elrMinIsr !== null) {
    const last = lastLeader(partition, target);
    if (last !== undefined && replicas.includes(last)) after.push(last);
  }
  return sameIds(after, partition.lastKnownElr) ? {} : { lastKnownElr: after };
}

/**
 * Who led until now. Of a partition that ran without a leader before eligible replicas were in use, nobody was
 * remembered: its last leader stayed in the ISR, alone. Kafka forgets it, and leaves nobody to ask back.
 */
function lastLeader({ leader, isr }: Partition, target: Target): number | undefined {
  if (leader >= 0) return leader;
  return target.isr.length === 0 && isr.length === 1 ? isr[0] : undefined;
}

/** Replicas, the two lists of a reassignment, and directories. */
function assignmentChanges(
  partition: Partition,
  target: Target,
  desired: DesiredPartition,
  rules: PartitionRules,
): Changes {
  if (target.replicas.length === 0) return {};
  const changes: Changes = {
    ...(sameIds(target.replicas, partition.replicas) ? {} : { replicas: target.replicas }),
    ...(sameIds(target.removingReplicas, partition.removingReplicas)
      ? {}
      : { removingReplicas: target.removingReplicas }),
    ...(sameIds(target.addingReplicas, partition.addingReplicas)
      ? {}
      : { addingReplicas: target.addingReplicas }),
  };
  if (rules.metadataVersion < MV_DIRECTORIES) return changes;
  const directories = target.replicas.map((brokerId): Uuid => {
    const wished = desired.directories?.get(brokerId);
    const current = partition.directories[partition.replicas.indexOf(brokerId)];
    return wished ?? current ?? rules.defaultDirectory(brokerId);
  });
  return sameIds(directories, partition.directories) ? changes : { ...changes, directories };
}

/** What is asked for wins; else an unclean election makes the new leader recover first (KIP-704). */
function recoveryChange(
  partition: Partition,
  desired: DesiredPartition,
  elected: Elected,
): number | null {
  const current = partition.leaderRecoveryState;
  if (desired.leaderRecoveryState !== undefined && desired.leaderRecoveryState !== current) {
    return desired.leaderRecoveryState;
  }
  return elected.isUnclean && current !== RECOVERING ? RECOVERING : null;
}

/** Order counts: a leader may propose the same ISR in another order, and that is a change. */
function sameIds<Id>(a: readonly Id[], b: readonly Id[]): boolean {
  return a.length === b.length && a.every((id, index) => id === b[index]);
}
