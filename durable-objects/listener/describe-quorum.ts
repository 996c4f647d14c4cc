/**
 * DescribeQuorum, v0-v2 (KIP-595, KIP-836, KIP-853): the leader's view of who holds how much of the log. Only
 * the leader knows; another node says so in the partition.
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
import type { Answer, Node } from "./answer.ts";
import { METADATA_TOPIC } from "../replica/metadata-partition.ts";

/** Versions before this one name the nodes and not where they are. */
const NODES_SINCE = 2;

export function describeQuorumAnswer(
  { voter }: Node,
  { body: request, apiVersion }: RequestFrame<"DescribeQuorum">,
): Answer<"DescribeQuorum"> {
  const description = describeQuorum(voter.state, Date.now());
  const isNotController = description.error !== "NONE";
  const topics = request.topics.map(({ topicName, partitions }) => ({
    topicName,
    partitions: partitions.map(({ partitionIndex }) =>
      topicName === METADATA_TOPIC && partitionIndex === 0
        ? partitionOf(description)
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

function partitionOf(description: QuorumDescription) {
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

const replicaOf = (replica: ReplicaStatus) => ({
  replicaId: replica.key.id,
  replicaDirectoryId: isUuid(replica.key.directoryId) ? replica.key.directoryId : ZERO_UUID,
  logEndOffset: replica.logEndOffset ?? -1,
  lastFetchTimestamp: replica.lastFetchAt ?? -1,
  lastCaughtUpTimestamp: replica.lastCaughtUpAt ?? -1,
});
