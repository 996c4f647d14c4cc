/**
 * What a node measures of itself, as JSON for the Worker, which gives it Kafka's names. Describes; decides nothing.
 */
import { describeQuorum, isVoter, latestVoters, logEnd, type State } from "../../src/raft/index.ts";
import type { Controller } from "../controller.ts";
import type { NodeMeasures, NodeMetrics } from "../metrics-contract.ts";
import type { RaftMeasures } from "../replica/raft-measures.ts";
import type { ControllerHost } from "./host.ts";
import { controllerStatus } from "./status.ts";

export function nodeMetrics(host: ControllerHost): NodeMetrics {
  const { voter, measures } = host;
  return {
    status: controllerStatus(host),
    measures: voter === null || measures === null ? null : measured(voter, measures, Date.now()),
  };
}

function measured(voter: Controller, raft: RaftMeasures, nowMs: number): NodeMeasures {
  const { state, requests, committedImage } = voter;
  const { election, voters, log } = state;
  return {
    state: stateName(state),
    current_vote: election.votedKey?.id ?? -1,
    log_end_epoch: logEnd(log).epoch,
    voters: latestVoters(voters).length,
    observers: describeQuorum(state, nowMs).observers.length,
    commit_latency_avg: orNull(raft.commitLatencyMs.average(nowMs)),
    commit_latency_max: orNull(raft.commitLatencyMs.max(nowMs)),
    election_latency_avg: orNull(raft.electionLatencyMs.average(nowMs)),
    election_latency_max: orNull(raft.electionLatencyMs.max(nowMs)),
    append_records_rate: raft.appended.rate(nowMs),
    fetch_records_rate: raft.fetched.rate(nowMs),
    requests_sent: raft.traffic.requests,
    responses_received: raft.traffic.responses,
    bytes_sent: raft.traffic.bytesOut,
    bytes_received: raft.traffic.bytesIn,
    leaders_seen: raft.leadersSeen,
    defects: requests.defects,
    unclean_elections: requests.uncleanElections,
    last_applied_timestamp_ms: committedImage.provenance.timestampMs,
    requests: [...requests.byApi].map(([api, { count, totalMs }]) => [api, count, totalMs]),
  };
}

/** JSON has no NaN. */
const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value);

/** In Kafka's words (`KafkaRaftMetrics`): who follows and may not vote is an observer. */
function stateName(state: State): string {
  const { role, election } = state;
  if (role.kind === "follower" && !isVoter(state)) return "observer";
  if (role.kind === "unattached" && election.votedKey !== null) return "unattached-voted";
  return role.kind;
}
