/**
 * What a linearizable read must show, as a resource: the Worker reads by it, and a probe finds out whether this quorum
 * can commit now.
 */
import { ErrorCode } from "../../src/protocol/index.ts";
import { leaderOf } from "../../src/raft/index.ts";
import { readIndexOf } from "../confirmed-read.ts";
import {
  STATUS,
  notControllerHeader,
  refusal,
  type ErrorBody,
  type ReadIndexAnswer,
} from "../contract.ts";
import type { Controller } from "../controller.ts";

export async function readIndex(voter: Controller, signal: AbortSignal): Promise<Response> {
  const outcome = await readIndexOf(voter, signal);
  const { config, election } = voter.state;
  const nodeId = config.local.key.id;
  if (outcome.kind === "ready") {
    const answer: ReadIndexAnswer = {
      node_id: nodeId,
      epoch: election.epoch,
      read_index: outcome.readIndex,
    };
    return Response.json(answer);
  }
  switch (outcome.error) {
    case "NOT_LEADER_OR_FOLLOWER":
      return notLeader(voter, nodeId);
    case "REQUEST_TIMED_OUT":
      return refusal(
        STATUS.unconfirmed,
        `no majority of the voters has confirmed in time that controller ${nodeId} leads`,
      );
    case "BROKER_NOT_AVAILABLE":
      return refusal(STATUS.unconfirmed, `too many reads wait at controller ${nodeId}`);
  }
}

function notLeader(voter: Controller, nodeId: number): Response {
  const body: ErrorBody = {
    error_code: ErrorCode.NOT_LEADER_OR_FOLLOWER,
    message: `controller ${nodeId} does not lead`,
  };
  const headers = notControllerHeader(leaderOf(voter.state)?.leaderId ?? -1);
  return Response.json(body, { status: STATUS.conflict, headers });
}
