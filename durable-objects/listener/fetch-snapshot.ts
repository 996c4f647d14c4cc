/**
 * FetchSnapshot (KIP-630). No snapshot exists yet, so a leader answers SNAPSHOT_NOT_FOUND after the checks that
 * every request of a follower gets; the log reaches back to its first record meanwhile.
 */
import {
  ErrorCode,
  FetchSnapshot,
  type FetchSnapshotRequest,
  type FetchSnapshotResponse,
} from "../../src/protocol/index.ts";
import { leaderOf, type State } from "../../src/raft/index.ts";
import { METADATA_TOPIC } from "../replica/metadata-partition.ts";
import { leaderEndpoint } from "../replica/quorum-wire.ts";
import type { Node } from "./answer.ts";

export function fetchSnapshotResponse(
  { voter, cluster }: Node,
  {
    body: request,
    apiVersion,
  }: { readonly body: FetchSnapshotRequest; readonly apiVersion: number },
): FetchSnapshotResponse {
  if (request.clusterId !== null && request.clusterId !== cluster.cluster_id) {
    return FetchSnapshot.response.fill({ errorCode: ErrorCode.INCONSISTENT_CLUSTER_ID });
  }
  const { state } = voter;
  const leader = leaderOf(state);
  const topics = request.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map((partition) => ({
      index: partition.partition,
      errorCode:
        name === METADATA_TOPIC && partition.partition === 0
          ? refusalOf(state, partition.currentLeaderEpoch)
          : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
      snapshotId: partition.snapshotId,
      currentLeader: { leaderId: leader?.leaderId ?? -1, leaderEpoch: state.election.epoch },
      position: partition.position,
    })),
  }));
  return FetchSnapshot.response.fill({
    topics,
    // Version 0 cannot say where the leader is.
    nodeEndpoints:
      apiVersion === 0 ? [] : leaderEndpoint(leader?.leaderId ?? null, leader?.endpoints ?? []),
  });
}

/** What Kafka checks of any request meant for the leader, in its order. */
function refusalOf(state: State, epoch: number): number {
  if (epoch < state.election.epoch) return ErrorCode.FENCED_LEADER_EPOCH;
  if (epoch > state.election.epoch) return ErrorCode.UNKNOWN_LEADER_EPOCH;
  return state.role.kind === "leader"
    ? ErrorCode.SNAPSHOT_NOT_FOUND
    : ErrorCode.NOT_LEADER_OR_FOLLOWER;
}
