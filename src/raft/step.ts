/**
 * The whole protocol: one input in, a new state and effects out (KIP-595). First the clock, then the input,
 * then whatever is due at that time. An input comes before the deadlines it would have met: a message that
 * did arrive should not lose to a timer that was looked at late.
 */
import { unreachable } from "../std/assert.ts";
import { onBeginQuorumEpoch, onEndQuorumEpoch } from "./election/announcements.ts";
import { backOff, expireRequests, isAwaited } from "./exchange/connections.ts";
import { settleDeadlines } from "./due.ts";
import { onVoteRequest } from "./election/votes.ts";
import { letGo, onFetchRequest, reconsiderHeld } from "./replication/redirects.ts";
import type { Input } from "./inputs.ts";
import { check, checkStep } from "./invariants.ts";
import { leaderOf } from "./leadership.ts";
import type { Epoch, Request, RequestId } from "./messages.ts";
import { unpark, wakeParked } from "./replication/waiting-fetches.ts";
import { onAppend } from "./replication/leading.ts";
import { onResponse } from "./responses.ts";
import type { State } from "./state.ts";
import { becomeResigned, forgiveFrozenTime } from "./election/transitions.ts";
import type { Step, Turn } from "./turn.ts";
import { beginTurn, endTurn } from "./turn.ts";

/**
 * Moves a replica. Synchronous, total and deterministic; throws nothing but AssertionError, which says that
 * this very replica cannot be trusted any more.
 */
export function step(state: State, input: Input): Step {
  const now = Math.max(state.now, input.now);
  const wasFrozen = now - state.now > state.config.fetchTimeoutMs;
  const turn = beginTurn({ ...state, now }, state.election);
  if (wasFrozen) forgiveFrozenTime(turn);
  take(turn, input);
  expireRequests(turn, wasFrozen);
  settleDeadlines(turn);
  if (isOtherLeadership(state, turn.state)) reconsiderHeld(turn);
  wakeFetches(turn, state);
  check(turn.state);
  checkStep(state, turn.state);
  return endTurn(turn);
}

function take(turn: Turn, input: Input): void {
  switch (input.kind) {
    case "time-passed":
      return;
    case "request-received":
      takeRequest(turn, input.request, input.body);
      return;
    case "request-abandoned":
      unpark(turn, input.request);
      letGo(turn, input.request);
      return;
    case "response-received":
      if (isAwaited(turn.state, input.from, input.correlation)) {
        onResponse(turn, input.from, input.body);
      }
      return;
    case "request-failed":
      if (isAwaited(turn.state, input.to, input.correlation)) backOff(turn, input.to);
      return;
    case "append":
      onAppend(turn, input);
      return;
    case "resign":
      resign(turn, input.epoch);
      return;
    default:
      unreachable(input);
  }
}

function takeRequest(turn: Turn, request: RequestId, body: Request): void {
  switch (body.api) {
    case "vote":
      onVoteRequest(turn, request, body);
      return;
    case "begin-quorum-epoch":
      onBeginQuorumEpoch(turn, request, body);
      return;
    case "end-quorum-epoch":
      onEndQuorumEpoch(turn, request, body);
      return;
    case "fetch":
      onFetchRequest(turn, request, body);
      return;
    default:
      unreachable(body);
  }
}

/** Only the leader of that very epoch can resign from it; whoever comes too late has got what it wanted. */
function resign(turn: Turn, epoch: Epoch): void {
  const { role, election } = turn.state;
  if (role.kind === "leader" && election.epoch === epoch) becomeResigned(turn, epoch);
}

function isOtherLeadership(before: State, after: State): boolean {
  if (before.election.epoch !== after.election.epoch) return true;
  return leaderOf(before)?.leaderId !== leaderOf(after)?.leaderId;
}

/** Ends the parked fetches for which this step brought news. */
function wakeFetches(turn: Turn, before: State): void {
  const { role, log, committed } = turn.state;
  if (role.kind !== "leader") return;
  const hasCommitted = committed !== before.committed;
  // What a new leader parks in its first step was parked after its first append.
  const hasAppended = before.role.kind === "leader" && log.endOffset !== before.log.endOffset;
  if (hasCommitted || hasAppended) wakeParked(turn, hasCommitted);
}
