/**
 * Which replicas of each partition hold everything that was committed, as brokers are: a second opinion on ISR and
 * eligible leader replicas (KIP-966), kept from the records alone. While a leader has as many in-sync replicas as the
 * minimum asks for it commits, and who is not in sync falls behind; while it has fewer nothing is committed, and nobody
 * does. Who comes back without the tail of its log may lack what it had. No leader may lack anything, unless it is told
 * to recover.
 */
import { CONFIG_RESOURCE } from "../../src/metadata/image/configs-image.ts";
import { mergePartition, partitionOf, type Partition } from "../../src/metadata/image/partition.ts";
import type {
  MetadataRecord,
  PartitionChangeRecord,
  RegisterBrokerRecord,
  Uuid,
} from "../../src/protocol/index.ts";

interface Held {
  readonly topicId: Uuid;
  readonly partition: Partition;
  readonly whole: ReadonlySet<number>;
}

/** What the log does not say. */
export interface Circumstances {
  /** Whether an incarnation that registers has stopped uncleanly before. */
  readonly lostItsTail: (registration: RegisterBrokerRecord) => boolean;
  /** Whether the leader asked for it: an AlterPartition. */
  readonly isProposal: boolean;
}

/** What came to pass, for a run that wants to know whether it has met it. */
export type Turn = "came out of the eligible" | "was asked back" | "was elected uncleanly";

export class WholeReplicas {
  /** Told of every leader that was not in sync before. */
  onTurn: (turn: Turn) => void = () => undefined;
  readonly #held = new Map<string, Held>();
  readonly #names = new Map<Uuid, string>();
  /** By topic, and for all under "". */
  readonly #minimums = new Map<string, number>();
  readonly #epochs = new Map<number, number>();
  #isOn = false;

  /** Takes the next record of the log; what is wrong with it, or null. */
  take(record: MetadataRecord, { lostItsTail, isProposal }: Circumstances): string | null {
    switch (record.type) {
      case "FEATURE_LEVEL_RECORD":
        if (record.data.name !== "eligible.leader.replicas.version") return null;
        this.#isOn = record.data.featureLevel > 0;
        return this.#goOn();
      case "CONFIG_RECORD":
        return this.#configure(record.data);
      case "TOPIC_RECORD":
        this.#names.set(record.data.topicId, record.data.name);
        return null;
      case "REMOVE_TOPIC_RECORD":
        return this.#remove(record.data.topicId);
      case "PARTITION_RECORD": {
        const partition = partitionOf(record.data);
        const { topicId, partitionId } = record.data;
        this.#hold(`${topicId}-${partitionId}`, topicId, partition, new Set(partition.isr));
        return null;
      }
      case "PARTITION_CHANGE_RECORD":
        return this.#change(record.data, isProposal);
      case "CLEAR_ELR_RECORD":
        return this.#clear(record.data.topicName);
      case "REGISTER_BROKER_RECORD":
        return this.#register(record.data, lostItsTail);
      default:
        return null;
    }
  }

  #change(data: PartitionChangeRecord, isProposal: boolean): string | null {
    const key = `${data.topicId}-${data.partitionId}`;
    const held = this.#held.get(key);
    if (held === undefined) return `partition ${key} is not there`;
    const { partition: before } = held;
    const after = mergePartition(before, data);
    const { leader, isr } = after;
    // The leader has vouched for whom it proposes, and may leave with that.
    const whole = isProposal ? new Set([...held.whole, ...isr]) : held.whole;
    if (leader < 0 || leader === before.leader) {
      this.#hold(key, held.topicId, after, whole);
      return null;
    }
    if (!before.isr.includes(leader)) this.onTurn(turnOf(before, leader));
    const isUnclean = after.leaderRecoveryState === 1;
    this.#hold(key, held.topicId, after, isUnclean ? new Set([leader]) : whole);
    if (isUnclean || whole.has(leader)) return null;
    const had = `ISR [${before.isr.join(" ")}], ELR [${before.eligibleLeaderReplicas.join(" ")}]`;
    return (
      `partition ${key} of ${had} is led by ${leader} in ISR [${isr.join(" ")}], ` +
      `but all that was committed is held by [${[...whole].join(" ")}]`
    );
  }

  /** What a state of the partition leaves of those who were whole. */
  #hold(key: string, topicId: Uuid, partition: Partition, whole: ReadonlySet<number>): void {
    const { leader, isr, replicas } = partition;
    const min = Math.min(this.#minimumOf(topicId), replicas.length);
    const commits = leader >= 0 && (!this.#isOn || isr.length >= min);
    const now = new Set(commits ? isr : [...whole, ...(leader >= 0 ? isr : [])]);
    for (const id of now) if (!replicas.includes(id)) now.delete(id);
    this.#held.set(key, { topicId, partition, whole: now });
  }

  #minimumOf(topicId: Uuid): number {
    const name = this.#names.get(topicId) ?? "";
    return this.#minimums.get(name) ?? this.#minimums.get("") ?? 1;
  }

  /** Every partition goes on as it is, under other rules. */
  #goOn(): null {
    for (const [key, { topicId, partition, whole }] of this.#held)
      this.#hold(key, topicId, partition, whole);
    return null;
  }

  #configure({
    resourceType,
    resourceName,
    name,
    value,
  }: {
    readonly resourceType: number;
    readonly resourceName: string;
    readonly name: string;
    readonly value: string | null;
  }): null {
    const isTopic = resourceType === CONFIG_RESOURCE.TOPIC;
    const isAll = resourceType === CONFIG_RESOURCE.BROKER && resourceName === "";
    if (name !== "min.insync.replicas" || (!isTopic && !isAll)) return null;
    const min = Number(value ?? "none");
    if (Number.isInteger(min) && min > 0) this.#minimums.set(isTopic ? resourceName : "", min);
    else this.#minimums.delete(isTopic ? resourceName : "");
    return this.#goOn();
  }

  #remove(topicId: Uuid): null {
    for (const [key, held] of this.#held) if (held.topicId === topicId) this.#held.delete(key);
    this.#minimums.delete(this.#names.get(topicId) ?? "?");
    this.#names.delete(topicId);
    return null;
  }

  #clear(topicName: string): null {
    for (const [key, held] of this.#held) {
      if (topicName !== "" && this.#names.get(held.topicId) !== topicName) continue;
      const { partition } = held;
      if (partition.eligibleLeaderReplicas.length + partition.lastKnownElr.length === 0) continue;
      const partitionEpoch = partition.partitionEpoch + 1;
      const cleared = {
        ...partition,
        eligibleLeaderReplicas: [],
        lastKnownElr: [],
        partitionEpoch,
      };
      this.#held.set(key, { ...held, partition: cleared });
    }
    return null;
  }

  /** Without the feature nobody asks how a broker stopped: the last of an ISR is trusted whatever became of it. */
  #register(
    registration: RegisterBrokerRecord,
    lostItsTail: Circumstances["lostItsTail"],
  ): string | null {
    const { brokerId, brokerEpoch } = registration;
    const isNew = this.#epochs.get(brokerId) !== brokerEpoch;
    this.#epochs.set(brokerId, brokerEpoch);
    if (!isNew || !this.#isOn || !lostItsTail(registration)) return null;
    for (const [key, held] of this.#held) {
      const { isr, eligibleLeaderReplicas: elr } = held.partition;
      if (isr.includes(brokerId) || elr.includes(brokerId))
        return `broker ${brokerId} has lost the tail of its log and is trusted with partition ${key}`;
      const whole = new Set(held.whole);
      whole.delete(brokerId);
      this.#held.set(key, { ...held, whole });
    }
    return null;
  }
}

function turnOf({ eligibleLeaderReplicas, lastKnownElr }: Partition, leader: number): Turn {
  if (eligibleLeaderReplicas.includes(leader)) return "came out of the eligible";
  return lastKnownElr.includes(leader) ? "was asked back" : "was elected uncleanly";
}
