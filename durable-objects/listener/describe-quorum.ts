/**
 * DescribeQuorum, v0-v2 (KIP-595, KIP-836, KIP-853): the leader's view of who holds how much of the log. Only the
 * leader knows; another node says so in the partition. A leader makes sure first that it is one: Kafka's answers for as
 * long as it does not know better.
 */
import {
  DescribeQuorum,
  ErrorCode,
  isUuid,
  ZERO_UUID,
  type RequestFrame,
} from "../../src/protocol/index.ts";
import {
  describeQuorum,
  type QuorumDescription,
  type ReplicaStatus,
} from "../../src/raft/index.ts";
import { readIndexOf } from "../confirmed-read.ts";
import { refused, UNCONFIRMED, type Answer, type Node } from "./answer.ts";
import { METADATA_TOPIC } from "../replica/metadata-partition.ts";

/** Versions before this one know neither directory ids nor where the nodes are (KIP-853). */
const NODES_SINCE = 2;

export async function describeQuorumAnswer(
  { voter }: Node,
  frame: RequestFrame<"DescribeQuorum">,
  signal: AbortSignal,
): Promise<Answer<"DescribeQuorum">> {
  const confirmed = await readIndexOf(voter, signal);
  if (confirmed.kind === "refused" && confirmed.error !== "NOT_LEADER_OR_FOLLOWER") {
    const errorCode = ErrorCode[confirmed.error];
    return refused(frame, { errorCode, errorMessage: UNCONFIRMED });
  }
  const { body: request, apiVersion } = frame;
  const description = describeQuorum(voter.state, Date.now());
  const isNotController = description.error !== "NONE";
  const topics = request.topics.map(({ topicName, partitions }) => ({
    topicName,
    partitions: partitions.map(({ partitionIndex }) =>
      topicName === METADATA_TOPIC && partitionIndex === 0
        ? partitionOf(description, apiVersion)
        : { partitionIndex, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION },
    ),
  }));
  const nodes = description.nodes.map((node) => ({
    nodeId: node.key.id,
    listeners: node.endpoints,
  }));
  const body = { topics, nodes: apiVersion < NODES_SINCE ? [] : nodes };
  return { body: DescribeQuorum.response.fill(body), isNotController };
}

function partitionOf(description: QuorumDescription, apiVersion: number) {
  const replicaOf = (replica: ReplicaStatus) => ({
    replicaId: replica.key.id,
    replicaDirectoryId:
      apiVersion >= NODES_SINCE && isUuid(replica.key.directoryId)
        ? replica.key.directoryId
        : ZERO_UUID,
    logEndOffset: replica.logEndOffset ?? -1,
    lastFetchTimestamp: replica.lastFetchAt ?? -1,
    lastCaughtUpTimestamp: replica.lastCaughtUpAt ?? -1,
  });
  return {
    partitionIndex: 0,
    errorCode: ErrorCode[description.error],
    leaderId: description.leaderId ?? -1,
    leaderEpoch: description.epoch,
    highWatermark: description.highWatermark ?? -1,
    currentVoters: description.currentVoters.map(replicaOf),
    observers: description.observers.map(replicaOf),
  };
}
