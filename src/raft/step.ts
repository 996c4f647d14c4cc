/**
 * The whole protocol: one input in, a new state and effects out (KIP-595). First the clock, then the input,
 * then whatever is due at that time. An input comes before the deadlines it would have met: a message that
 * did arrive should not lose to a timer that was looked at late.
 */
import { assert, unreachable } from "../std/assert.ts";
import { nextWord, seeded } from "../std/random.ts";
import {
  announceLeader,
  announceResignation,
  onBeginQuorumEpoch,
  onEndQuorumEpoch,
} from "./announcements.ts";
import type { RaftConfig } from "./config.ts";
import { checkConfig } from "./config.ts";
import { backOff, expireRequests, isAwaited } from "./connections.ts";
import { roleDeadline } from "./deadlines.ts";
import type { ElectionState } from "./effects.ts";
import { loseCandidacy, onVoteRequest, solicitVotes } from "./election.ts";
import { keepFetching } from "./following.ts";
import { letGo, onFetchRequest, reconsiderHeld, releaseHeld } from "./holding.ts";
import type { Input } from "./inputs.ts";
import { check, checkStep } from "./invariants.ts";
import { leaderOf } from "./leadership.ts";
import { logEnd } from "./log.ts";
import type { Milliseconds, Request, RequestId } from "./messages.ts";
import { expireParked, unpark, wakeParked } from "./parking.ts";
import { onAppend } from "./replication.ts";
import { onResponse } from "./responses.ts";
import type { DurableImage, State } from "./state.ts";
import {
  announceRole,
  becomeFollower,
  becomeProspective,
  becomeResigned,
  becomeUnattached,
  forgiveFrozenTime,
  resumeCandidacy,
} from "./transitions.ts";
import type { Step, Turn } from "./turn.ts";
import { beginTurn, drawElectionDeadline, endTurn, isVoter, update } from "./turn.ts";
import { findVoter, latestVoters, sameKey, voterSet } from "./voters.ts";
import { NOBODY } from "./waiting.ts";

/**
 * Starts an incarnation from what its storage holds. `seed` decides all its later chances; `now` also names
 * the incarnation. The effects are to be performed as those of a step.
 */
export function boot(
  image: DurableImage,
  config: RaftConfig,
  at: { readonly now: Milliseconds; readonly seed: number },
): Step {
  checkConfig(config);
  const turn = beginTurn(bootState(image, config, at), image.election);
  update(turn, {
    role: { kind: "unattached", electionDeadline: drawElectionDeadline(turn) },
  });
  resumeRole(turn);
  settleDeadlines(turn);
  check(turn.state);
  return endTurn(turn);
}

function bootState(
  image: DurableImage,
  config: RaftConfig,
  at: { readonly now: Milliseconds; readonly seed: number },
): State {
  const bootstrap = voterSet(config.bootstrapVoters);
  assert(bootstrap !== null, "the bootstrap voters have distinct ids");
  const { value, random } = nextWord(seeded(at.seed));
  return {
    config,
    random,
    now: at.now,
    election: bootElection(image),
    role: { kind: "unattached", electionDeadline: at.now },
    log: image.log,
    voters: { bootstrap, records: image.voters },
    // What a snapshot holds was committed; of the rest a booting replica knows nothing.
    committed: image.log.snapshots.at(-1)?.endOffset ?? null,
    connections: new Map(),
    // An arbitrary start keeps answers to an earlier incarnation from being mistaken; 30 bits fit the wire.
    nextCorrelation: value >>> 2,
    incarnation: at.now,
    held: NOBODY,
  };
}

/** A log that is ahead of the stored epoch proves that its last epoch has existed. */
function bootElection({ election, log }: DurableImage): ElectionState {
  const stored = election ?? { epoch: 0, leaderId: null, votedKey: null };
  const last = logEnd(log).epoch;
  return stored.epoch < last ? { epoch: last, leaderId: null, votedKey: null } : stored;
}

/** What the stored election says this replica was, and may be again. */
function resumeRole(turn: Turn): void {
  const { election, config, voters } = turn.state;
  const self = config.local.key;
  const { leaderId, votedKey, epoch } = election;
  if (isVoter(turn.state) && leaderId === self.id) {
    becomeResigned(turn, epoch);
  } else if (
    isVoter(turn.state) &&
    leaderId === null &&
    votedKey !== null &&
    sameKey(votedKey, self)
  ) {
    resumeCandidacy(turn);
  } else {
    const leader = leaderId === null ? null : findVoter(latestVoters(voters), leaderId);
    if (leader !== null && leader.endpoints.length > 0 && leader.key.id !== self.id) {
      becomeFollower(turn, epoch, { leaderId: leader.key.id, endpoints: leader.endpoints });
    } else {
      announceRole(turn);
    }
  }
}

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
function resign(turn: Turn, epoch: number): void {
  const { role, election } = turn.state;
  if (role.kind === "leader" && election.epoch === epoch) becomeResigned(turn, epoch);
}

/** Does what is due, until nothing is; then keeps requests under way. */
function settleDeadlines(turn: Turn): void {
  releaseHeld(turn);
  let transitions = 0;
  while (roleDeadline(turn.state) <= turn.state.now) {
    onRoleDeadline(turn);
    transitions += 1;
    assert(transitions < 8, `a ${turn.state.role.kind} never comes to rest`);
  }
  if (turn.state.role.kind === "leader") expireParked(turn, turn.state.role);
  keepAsking(turn);
}

function onRoleDeadline(turn: Turn): void {
  const { role, election } = turn.state;
  switch (role.kind) {
    case "unattached":
    case "follower":
    case "candidate":
      becomeProspective(turn);
      return;
    case "prospective":
      loseCandidacy(turn, role.leaderEndpoints);
      return;
    case "leader":
      becomeResigned(turn, election.epoch);
      return;
    case "resigned":
      // It can neither lead nor vote in its old epoch: only a new one makes it a voter like the others.
      becomeUnattached(turn, election.epoch + 1);
      return;
    default:
      unreachable(role);
  }
}

/** What each role keeps asking of the others. */
function keepAsking(turn: Turn): void {
  const { role } = turn.state;
  switch (role.kind) {
    case "unattached":
    case "follower":
      keepFetching(turn);
      return;
    case "prospective":
    case "candidate":
      solicitVotes(turn, role);
      return;
    case "leader":
      announceLeader(turn, role);
      return;
    case "resigned":
      announceResignation(turn, role);
      return;
    default:
      unreachable(role);
  }
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

export type { Step };
