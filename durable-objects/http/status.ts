/**
 * Where a node and its quorum stand, as JSON for the Worker and for people. Describes; decides nothing.
 */
import { describeQuorum, latestVoters, type ReplicaStatus } from "../../src/raft/index.ts";
import type { ControllerHost } from "./routes.ts";
import type { Controller } from "../controller.ts";

/** One node. `high_watermark` is null until this incarnation has learned one. */
export function voterStatus(host: ControllerHost): Record<string, unknown> {
  const { voter, nodeId, tripped } = host;
  if (voter === null) {
    return {
      node_id: nodeId,
      role: absentRole(host),
      active: false,
      tripped,
    };
  }
  const { role, election, log } = voter.state;
  return {
    node_id: nodeId,
    role: role.kind,
    epoch: election.epoch,
    leader_id: election.leaderId ?? -1,
    high_watermark: voter.highWatermark,
    log_start_offset: log.startOffset,
    log_end_offset: log.endOffset,
    applied_offset: voter.committedEnd - 1,
    active: voter.isActive,
    distrusted_voters: voter.distrusted,
    tripped,
  };
}

/** The role of a node that takes no part. What it tripped over says more than that it was stopped as well. */
function absentRole({ tripped, stopped }: ControllerHost): "tripped" | "stopped" | "unformed" {
  if (tripped !== null) return "tripped";
  return stopped === null ? "unformed" : "stopped";
}

/** The quorum as this node sees it; only the leader knows how far the others are. */
export function quorumStatus(host: ControllerHost, voter: Controller): Record<string, unknown> {
  const description = describeQuorum(voter.state, Date.now());
  return {
    ...voterStatus(host),
    is_leader: description.error === "NONE",
    voters: latestVoters(voter.state.voters).map(({ key, endpoints }) => ({
      node_id: key.id,
      directory_id: key.directoryId,
      endpoints,
    })),
    current_voters: description.currentVoters.map(replicaStatus),
    observers: description.observers.map(replicaStatus),
  };
}

const replicaStatus = (replica: ReplicaStatus): Record<string, unknown> => ({
  replica_id: replica.key.id,
  replica_directory_id: replica.key.directoryId,
  log_end_offset: replica.logEndOffset ?? -1,
  last_fetch_timestamp_ms: replica.lastFetchAt ?? -1,
  last_caught_up_timestamp_ms: replica.lastCaughtUpAt ?? -1,
});
