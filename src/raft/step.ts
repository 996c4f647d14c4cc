/**
 * The whole protocol: one input in, a new state and effects out (KIP-595). First the clock, then the input,
 * then what is due at that time. An input comes before the deadlines that are due with it: a message that did
 * arrive should not lose to a timer that was looked at late.
 *
 * The order within a step, and why:
 *
 * 1. Time. Only what passed since the input before counts (`time.ts`), and if a deadline has been missed by much,
 *    this replica stood still: its timers are restarted before anything acts on them (T-5).
 * 2. The input.
 * 3. Requests whose time is over, then roles whose time is over, until nothing is due; then the requests that
 *    each role keeps under way (`due.ts`).
 * 4. Waiting fetches. They come last because their answers must tell the outcome of all of the above: a leader
 *    that appended and committed in this step answers once, not twice.
 * 5. Reads. By now it is known whether this step stores anything, which can be their fence.
 * 6. The invariants. A step that breaks one returns nothing: it throws, and neither its state nor its effects
 *    exist.
 */
import { unreachable } from "../std/assert.ts";
import { settleDeadlines } from "./due.ts";
import { onBeginQuorumEpoch, onEndQuorumEpoch } from "./election/announcements.ts";
import { onFetchFailed } from "./election/suspicion.ts";
import { becomeResigned, forgiveFrozenTime } from "./election/transitions.ts";
import { onVoteRequest } from "./election/votes.ts";
import { backOff, expireRequests, isAwaited, isFetch } from "./exchange/connections.ts";
import type { Input, RequestFailure } from "./inputs.ts";
import { check, checkStep } from "./invariants.ts";
import { leaderOf } from "./leadership.ts";
import type { ApiName, Epoch, ReplicaId, Request, RequestId } from "./messages.ts";
import { noteJoined } from "./reconfiguration/own-entry.ts";
import { windUpTimers } from "./reconfiguration/taking-effect.ts";
import {
  abandonChange,
  onAppendVoters,
  onProbeFailed,
  settleChange,
} from "./reconfiguration/voter-change.ts";
import { onVoterRequest } from "./reconfiguration/voter-requests.ts";
import { abandonRead, onRead } from "./reading/read-requests.ts";
import { forgetDates, settleRound } from "./reading/rounds.ts";
import { onAppend, onObserversMoved } from "./replication/leading.ts";
import { letGo, onFetchRequest, reconsiderHeld } from "./replication/redirects.ts";
import { onSleep, unpark, wakeParked } from "./replication/waiting-fetches.ts";
import { onResponse } from "./responses.ts";
import { onLogCut, onSnapshotMade } from "./snapshots/compacting.ts";
import { isAnsweredAsleep, wake } from "./sleep/waking.ts";
import { onSnapshotRefused, onSnapshotVerified } from "./snapshots/installing.ts";
import { onFetchSnapshotRequest } from "./snapshots/serving.ts";
import type { State } from "./state.ts";
import { hasStoodStill, isSteady, timeAt } from "./time.ts";
import type { Step, Turn } from "./turn.ts";
import { beginTurn, endTurn } from "./turn.ts";

/**
 * Moves a replica. Synchronous, total and deterministic; throws nothing but AssertionError, which says that
 * this very replica cannot be trusted any more.
 */
export function step(state: State, input: Input): Step {
  const now = timeAt(state, input.now);
  const wasFrozen = hasStoodStill(state, now);
  const turn = beginTurn({ ...state, now, clock: input.now }, state.election);
  if (!isSteady(state, input.now)) forgetDates(turn);
  if (wasFrozen) forgiveFrozenTime(turn);
  take(turn, input);
  for (const { peer, api } of expireRequests(turn, wasFrozen)) onFailed(turn, peer, api, "timeout");
  windUpTimers(turn, state);
  noteJoined(turn);
  settleChange(turn);
  settleDeadlines(turn);
  if (isOtherLeadership(state, turn.state)) reconsiderHeld(turn);
  wakeFetches(turn, state);
  settleRound(turn);
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
      abandonChange(turn, input.request);
      abandonRead(turn, input.request);
      return;
    case "response-received":
      if (isAwaited(turn.state, input.from, input.correlation)) {
        onResponse(turn, input.from, input.body);
      }
      return;
    case "request-failed":
      if (isAwaited(turn.state, input.to, input.correlation)) {
        onRequestFailed(turn, input.to, input.failure);
      }
      return;
    case "append":
      onAppend(turn, input);
      return;
    case "append-voters":
      onAppendVoters(turn, input);
      return;
    case "observers-moved":
      onObserversMoved(turn, input);
      return;
    case "read":
      onRead(turn, input.request);
      return;
    case "sleep":
      onSleep(turn, input);
      return;
    case "wake":
      wake(turn);
      return;
    case "resign":
      resign(turn, input.epoch);
      return;
    case "snapshot-made":
      onSnapshotMade(turn, input.snapshot);
      return;
    case "snapshot-verified":
      onSnapshotVerified(turn, input.snapshot, input.voters);
      return;
    case "snapshot-refused":
      onSnapshotRefused(turn, input.id);
      return;
    case "log-cut":
      onLogCut(turn, input.startOffset);
      return;
    default:
      unreachable(input);
  }
}

function onRequestFailed(turn: Turn, to: ReplicaId, failure: RequestFailure): void {
  const api = turn.state.connections.get(to)?.inFlight?.api;
  backOff(turn, to);
  onFailed(turn, to, api, failure);
}

function onFailed(
  turn: Turn,
  to: ReplicaId,
  api: ApiName | undefined,
  failure: RequestFailure,
): void {
  if (isFetch(api)) onFetchFailed(turn, to, failure);
  else if (api === "api-versions") onProbeFailed(turn, to);
}

function takeRequest(turn: Turn, request: RequestId, body: Request): void {
  if (!isAnsweredAsleep(turn.state, body)) wake(turn);
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
    case "fetch-snapshot":
      onFetchSnapshotRequest(turn, request, body);
      return;
    case "add-raft-voter":
    case "remove-raft-voter":
    case "update-raft-voter":
      onVoterRequest(turn, request, body);
      return;
    default:
      unreachable(body);
  }
}

/**
 * Only the leader of that very epoch can resign from it; a request that comes too late has nothing left to do
 * (E-8).
 */
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
