/**
 * Where a node stands, as JSON for the Worker and for people. Describes; decides nothing.
 */
import { isVoter, latestVoters } from "../../src/raft/index.ts";
import type { ControllerStatus, ObservedStatus, SleepStatus } from "../contract.ts";
import type { Controller } from "../controller.ts";
import type { ControllerHost } from "./host.ts";
import { listedSnapshot } from "./snapshots.ts";

export function controllerStatus(host: ControllerHost): ControllerStatus {
  const { voter, nodeId, tripped } = host;
  if (voter === null) {
    return {
      node_id: nodeId,
      role: absentRole(host),
      active: false,
      tripped,
      refused: host.refused,
      flight_record: tripped === null ? null : host.flightRecord,
    };
  }
  const { role, election, log, config } = voter.state;
  const newest = log.snapshots.at(-1);
  return {
    node_id: nodeId,
    directory_id: config.local.key.directoryId,
    role: role.kind,
    epoch: election.epoch,
    leader_id: election.leaderId ?? -1,
    high_watermark: voter.highWatermark,
    log_start_offset: log.startOffset,
    log_end_offset: log.endOffset,
    applied_offset: voter.committedEnd - 1,
    latest_snapshot: newest === undefined ? null : listedSnapshot(newest),
    snapshot_failure: voter.snapshotFailure,
    is_voter: isVoter(voter.state),
    active: voter.isActive,
    distrusted_voters: voter.distrusted,
    tripped,
    ...(host.cluster?.observed === true ? {} : { sleep: sleepStatus(host, voter) }),
    ...(host.cluster?.observed === true ? { observed: observedStatus(host, voter) } : {}),
  };
}

const sleepStatus = ({ measures }: ControllerHost, voter: Controller): SleepStatus => ({
  asleep_since_ms: voter.asleepSinceMs,
  count: measures?.sleeps ?? 0,
  woken_by: measures?.wokenBy ?? null,
});

function observedStatus({ relays }: ControllerHost, voter: Controller): ObservedStatus {
  return {
    relays: relays.count,
    age_ms: voter.confirmedAgeMs,
    problem: relays.problem ?? voter.doubt,
    voters: latestVoters(voter.state.voters).map(({ key, endpoints: [endpoint] }) => ({
      node_id: key.id,
      directory_id: key.directoryId,
      host: endpoint?.host ?? "",
      port: endpoint?.port ?? 0,
    })),
  };
}

/** The role of a node that takes no part. What it tripped over says more than that it was stopped as well. */
function absentRole({
  tripped,
  stopped,
  deletion,
  refused,
}: ControllerHost): "refused" | "deleted" | "tripped" | "stopped" | "unformed" {
  if (refused !== null) return "refused";
  if (deletion !== null) return "deleted";
  if (tripped !== null) return "tripped";
  return stopped === null ? "unformed" : "stopped";
}
