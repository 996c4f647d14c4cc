/**
 * AlterPartition (KIP-497, KIP-704, KIP-841, KIP-903): the leader of partitions proposes their ISR, and the controller
 * alone decides. A proposal that is refused changes nothing. The order of the checks is part of the contract: a
 * broker retries some codes for ever and gives others up.
 */
import {
  AlterPartition,
  ErrorCode,
  type AlterPartitionRequest,
  type AlterPartitionResponse,
  type ErrorName,
  type Uuid,
} from "../../protocol/index.ts";
import { brokerById, hasBrokerEpoch, isActiveBroker } from "../image/cluster-image.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import { mergePartition, type Partition } from "../image/partition.ts";
import { partitionAt, topicById } from "../image/topics-image.ts";
import { RECOVERED, RECOVERING } from "../partitions/partition-change.ts";
import { partitionChanger, type ChangePartition } from "../partitions/partition-rules.ts";
import { BoundedBatch } from "./batch-bound.ts";
import { operation, type ControlContext, type ControlResult } from "./operation.ts";

type RequestedPartition = AlterPartitionRequest["topics"][number]["partitions"][number];
type TopicResult = AlterPartitionResponse["topics"][number];
type PartitionResult = TopicResult["partitions"][number];

/** A member of the proposed ISR; epoch −1 where the request's version carries none. */
interface Member {
  readonly brokerId: number;
  readonly brokerEpoch: number;
}

export const alterPartition = operation(AlterPartition, { kind: "write", run });

function run(
  view: MetadataImage,
  request: AlterPartitionRequest,
  context: ControlContext,
): ControlResult<AlterPartitionResponse> {
  // Kafka looks at no epoch where no partition is named.
  if (request.topics.length === 0) return { records: [], response: answer(ErrorCode.NONE, []) };
  if (!hasBrokerEpoch(view.cluster, request.brokerId, request.brokerEpoch)) {
    return { records: [], response: answer(ErrorCode.STALE_BROKER_EPOCH, []) };
  }
  const proposals = new Proposals(view, request, context.apiVersion);
  const topics = request.topics.map(({ topicId, partitions }) => ({
    topicId,
    partitions: partitions.map((asked) => proposals.decide(topicId, asked)),
  }));
  return { records: proposals.batch.records, response: answer(ErrorCode.NONE, topics) };
}

const answer = (errorCode: number, topics: readonly TopicResult[]): AlterPartitionResponse => ({
  throttleTimeMs: 0,
  errorCode,
  topics,
});

/** The proposals of one request. A partition that occurs twice is judged the second time as the first left it. */
class Proposals {
  readonly batch = new BoundedBatch();
  readonly #view: MetadataImage;
  readonly #brokerId: number;
  readonly #apiVersion: number;
  readonly #change: ChangePartition;
  readonly #changed = new Map<string, Partition>();

  constructor(view: MetadataImage, request: AlterPartitionRequest, apiVersion: number) {
    this.#view = view;
    this.#brokerId = request.brokerId;
    this.#apiVersion = apiVersion;
    this.#change = partitionChanger(view);
  }

  decide(topicId: Uuid, asked: RequestedPartition): PartitionResult {
    const partitionId = asked.partitionIndex;
    // What does not fit the batch is asked again: a broker retries this code, and only this partition.
    if (!this.batch.isWhole) return refused(partitionId, "REQUEST_TIMED_OUT");
    if (topicById(this.#view.topics, topicId) === undefined) {
      return refused(partitionId, "UNKNOWN_TOPIC_ID");
    }
    const key = `${topicId}:${partitionId}`;
    const partition =
      this.#changed.get(key) ?? partitionAt(this.#view.topics, topicId, partitionId);
    if (partition === undefined) return refused(partitionId, "UNKNOWN_TOPIC_OR_PARTITION");
    const members = membersOf(asked, this.#apiVersion);
    const fault = proposalFault(this.#view, this.#brokerId, partition, { asked, members });
    if (fault !== null) return refused(partitionId, fault);

    const desired = {
      isr: members.map(({ brokerId }) => brokerId),
      leaderRecoveryState: asked.leaderRecoveryState,
    };
    const row = { topicId, partitionId, partition };
    const record = this.#change(row, desired, { election: "configured" });
    if (record === null) return accepted(partitionId, partition);
    if (!this.batch.add(record)) return refused(partitionId, "REQUEST_TIMED_OUT");
    const merged = mergePartition(partition, record.data);
    this.#changed.set(key, merged);
    // The proposal completed a reassignment that leaves the proposer without office: true, but not its news.
    return merged.leader === this.#brokerId
      ? accepted(partitionId, merged)
      : refused(partitionId, "NEW_LEADER_ELECTED");
  }
}

/** KIP-903: from version 3 on, members carry the epoch under which the leader knows them. */
function membersOf(asked: RequestedPartition, apiVersion: number): readonly Member[] {
  if (apiVersion >= 3) return asked.newIsrWithEpochs;
  return asked.newIsr.map((brokerId) => ({ brokerId, brokerEpoch: -1 }));
}

interface Proposal {
  readonly asked: RequestedPartition;
  readonly members: readonly Member[];
}

/** The first check that fails, in the order that brokers rely on. */
function proposalFault(
  view: MetadataImage,
  brokerId: number,
  partition: Partition,
  { asked, members }: Proposal,
): ErrorName | null {
  // Ahead of us: then it is we who are behind, and another controller knows better.
  if (asked.leaderEpoch > partition.leaderEpoch) return "NOT_CONTROLLER";
  if (asked.partitionEpoch > partition.partitionEpoch) return "NOT_CONTROLLER";
  if (asked.leaderEpoch < partition.leaderEpoch) return "FENCED_LEADER_EPOCH";
  if (brokerId !== partition.leader) return "INVALID_REQUEST";
  if (asked.partitionEpoch < partition.partitionEpoch) return "INVALID_UPDATE_VERSION";
  if (!isValidIsr(partition, members)) return "INVALID_REQUEST";
  if (!isValidRecoveryState(partition, asked.leaderRecoveryState, members.length)) {
    return "INVALID_REQUEST";
  }
  return members.every((member) => isEligible(view, member)) ? null : "INELIGIBLE_REPLICA";
}

function isValidIsr(partition: Partition, members: readonly Member[]): boolean {
  const ids = new Set(members.map(({ brokerId }) => brokerId));
  return (
    ids.size === members.length &&
    members.every(({ brokerId }) => partition.replicas.includes(brokerId)) &&
    ids.has(partition.leader)
  );
}

/** KIP-704: who recovers has nobody in sync, and who has recovered does not do so again by itself. */
function isValidRecoveryState(partition: Partition, asked: number, isrSize: number): boolean {
  if (asked === RECOVERED) return true;
  return asked === RECOVERING && isrSize === 1 && partition.leaderRecoveryState === RECOVERING;
}

/** KIP-841, KIP-903: there, not leaving, and the incarnation that the leader means. */
function isEligible(view: MetadataImage, { brokerId, brokerEpoch }: Member): boolean {
  if (!isActiveBroker(view.cluster, brokerId)) return false;
  return brokerEpoch === -1 || brokerById(view.cluster, brokerId)?.epoch === brokerEpoch;
}

function accepted(partitionIndex: number, partition: Partition): PartitionResult {
  const { leader, leaderEpoch, isr, leaderRecoveryState, partitionEpoch } = partition;
  return {
    partitionIndex,
    errorCode: ErrorCode.NONE,
    leaderId: leader,
    leaderEpoch,
    isr,
    leaderRecoveryState,
    partitionEpoch,
  };
}

/** A refusal tells nothing of the partition: the log will. */
function refused(partitionIndex: number, name: ErrorName): PartitionResult {
  return {
    partitionIndex,
    errorCode: ErrorCode[name],
    leaderId: 0,
    leaderEpoch: 0,
    isr: [],
    leaderRecoveryState: RECOVERED,
    partitionEpoch: 0,
  };
}
