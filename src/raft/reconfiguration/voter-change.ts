/**
 * A change of the voter set on its way through a leader (KIP-853): the replica that is to be listed is probed, the
 * record is given its place in the log, it takes effect when it is appended and is over when it is committed.
 *
 * The record takes an offset, and the application has promised those after the end of the log to batches that it
 * holds back. So the core does not append it when it likes: it asks for a place (`voters-to-append`), and the
 * record goes when the batches before it have gone. From then on the change cannot be given up any more: the
 * offset is taken.
 */
import { assert } from "../../std/assert.ts";
import { isReady, send } from "../exchange/connections.ts";
import { answer } from "../leadership.ts";
import { latestVoters, latestVotersOffset } from "../membership/voter-history.ts";
import type {
  ApiVersionsResponse,
  Epoch,
  ErrorName,
  Milliseconds,
  Offset,
  ReplicaId,
  RequestId,
} from "../messages.ts";
import { becomeResigned } from "../election/transitions.ts";
import { advanceHighWatermark } from "../replication/high-watermark.ts";
import { adoptVoters } from "../replication/voters-adopted.ts";
import type { State, VoterChange } from "../state.ts";
import { isVoter, keyOf, leaderRole } from "../state.ts";
import type { Turn } from "../turn.ts";
import { appendEntry, reply, update } from "../turn.ts";
import { speaksKraft } from "./kraft-version.ts";
import { changedVoters, differsByOne } from "./voter-set-changes.ts";

function changeOf({ role }: State): VoterChange | null {
  return role.kind === "leader" ? role.change : null;
}

function setChange(turn: Turn, change: VoterChange | null): void {
  update(turn, { role: { ...leaderRole(turn.state), change } });
}

/** Asks the replica that is to be listed whether it is there and what it speaks (M-3), until it has been asked. */
export function probeVoter(turn: Turn): void {
  const change = changeOf(turn.state);
  if (change?.phase !== "probing") return;
  const { id } = change.voter.key;
  // A leader that changes its own entry knows what it speaks.
  if (id === turn.state.config.local.key.id) queueChange(turn);
  else if (isReady(turn.state, id)) send(turn, id, { api: "api-versions" });
}

/** The replica has answered. Whether it has caught up is asked now, and not before: it had time meanwhile. */
export function onProbed(turn: Turn, from: ReplicaId, body: ApiVersionsResponse): void {
  const change = probed(turn.state, from);
  if (change === null) return;
  if (body.error !== "NONE" || body.kraftVersions === null) {
    endChange(turn, change, "REQUEST_TIMED_OUT", `Controller ${from} does not answer as one.`);
  } else if (!speaksKraft(body.kraftVersions)) {
    endChange(turn, change, "INVALID_REQUEST", `Controller ${from} is of another kraft.version.`);
  } else if (change.api === "add-raft-voter" && !hasCaughtUp(turn.state, change)) {
    endChange(turn, change, "REQUEST_TIMED_OUT", `Controller ${from} has not caught up.`);
  } else {
    const voter = { ...change.voter, kraftVersions: body.kraftVersions };
    setChange(turn, { ...change, voter });
    queueChange(turn);
  }
}

/** The replica could not be asked: a voter that cannot be reached would only be missed (M-3). */
export function onProbeFailed(turn: Turn, to: ReplicaId): void {
  const change = probed(turn.state, to);
  if (change === null) return;
  endChange(turn, change, "REQUEST_TIMED_OUT", `Controller ${to} cannot be reached.`);
}

function probed(state: State, id: ReplicaId): VoterChange | null {
  const change = changeOf(state);
  return change?.phase === "probing" && change.voter.key.id === id ? change : null;
}

/**
 * A voter that lacks what is committed, or does not fetch, would hold up every commit that needs it. Kafka is content
 * with one that has caught up once and fetched within the last hour.
 */
function hasCaughtUp({ role, now, config }: State, { voter }: VoterChange): boolean {
  const progress = role.kind === "leader" ? role.observers.get(keyOf(voter.key)) : undefined;
  if (progress === undefined || progress.rolledBack || progress.lastCaughtUpAt === null)
    return false;
  return now - progress.lastCaughtUpAt < config.fetchTimeoutMs;
}

/** Asks the application for a place in the log. */
export function queueChange(turn: Turn): void {
  const change = changeOf(turn.state);
  assert(change?.phase === "probing", "a change is queued once");
  setChange(turn, { ...change, phase: "queued" });
  turn.effects.push({ kind: "voters-to-append", epoch: turn.state.election.epoch });
}

/** The change has its turn: its record is appended, and the set counts from here on (M-1). */
export function onAppendVoters(
  turn: Turn,
  { epoch, baseOffset }: { readonly epoch: Epoch; readonly baseOffset: Offset },
): void {
  const { state } = turn;
  const error = judgePlace(state, epoch, baseOffset);
  const change = changeOf(state);
  if (error !== "NONE" || change === null) {
    turn.effects.push({ kind: "append-refused", error, epoch, baseOffset });
    return;
  }
  const before = latestVoters(state.voters);
  const voters = changedVoters(before, change.api, change.voter);
  assert(differsByOne(before, voters), "I-10: a voter set changes by one member at a time");
  assert(
    latestVotersOffset(state.voters) < (leaderRole(state).highWatermark ?? -1),
    "I-11: the last change of the voters is not committed",
  );
  const control = [{ kind: "kraft-voters", voters }] as const;
  appendEntry(turn, { baseOffset, lastOffset: baseOffset, epoch, control, payload: null });
  adoptVoters(turn);
  const appended: VoterChange = { ...change, phase: "appended", offset: baseOffset };
  setChange(turn, appended);
  if (!appended.ackWhenCommitted) answerChange(turn, appended, "NONE", null);
  advanceHighWatermark(turn);
}

function judgePlace({ role, election, log }: State, epoch: Epoch, baseOffset: Offset): ErrorName {
  if (role.kind !== "leader" || epoch !== election.epoch) return "NOT_LEADER_OR_FOLLOWER";
  const fits = baseOffset === log.endOffset && role.change?.phase === "queued";
  return fits ? "NONE" : "INVALID_REQUEST";
}

/** Ends a change that is committed, and has a leader that it removed resign. */
export function settleChange(turn: Turn): void {
  const change = changeOf(turn.state);
  if (change !== null) settle(turn, change);
  resignIfRemoved(turn);
}

/** One that is committed is answered; one whose time is over is answered that its outcome is unknown (M-6). */
function settle(turn: Turn, change: VoterChange): void {
  const { highWatermark } = leaderRole(turn.state);
  if (change.offset !== null && change.offset < (highWatermark ?? 0)) {
    endChange(turn, change, "NONE", null);
  } else if (change.request !== null && change.deadline <= turn.state.now) {
    const message = "The change did not come to its end in time.";
    if (change.phase === "probing") endChange(turn, change, "REQUEST_TIMED_OUT", message);
    else answerChange(turn, change, "REQUEST_TIMED_OUT", message);
  }
}

/**
 * A leader that is removed resigns once that is committed, now that the others can go on without it (M-4): it has
 * removed itself, or a leader before it had appended its removal (MB-1).
 */
function resignIfRemoved(turn: Turn): void {
  const { role, voters, election } = turn.state;
  if (role.kind !== "leader" || isVoter(turn.state)) return;
  if (latestVotersOffset(voters) < (role.highWatermark ?? 0)) becomeResigned(turn, election.epoch);
}

/** Nobody waits for the answer any more. What is not appended yet is not begun either. */
export function abandonChange(turn: Turn, request: RequestId): void {
  const change = changeOf(turn.state);
  if (change?.request !== request) return;
  setChange(turn, change.phase === "probing" ? null : { ...change, request: null });
}

function endChange(
  turn: Turn,
  change: VoterChange,
  error: ErrorName,
  message: string | null,
): void {
  answerChange(turn, change, error, message);
  setChange(turn, null);
}

function answerChange(
  turn: Turn,
  change: VoterChange,
  error: ErrorName,
  message: string | null,
): void {
  if (change.request === null) return;
  const body = { api: change.api, ...answer(turn.state, error), message };
  reply(turn, change.request, body);
  setChange(turn, { ...change, request: null });
}

/** When somebody who waits for a change is to be answered; Infinity while nobody does. */
export function changeDeadline({ role }: State): Milliseconds {
  if (role.kind !== "leader" || role.change === null) return Number.POSITIVE_INFINITY;
  return role.change.request === null ? Number.POSITIVE_INFINITY : role.change.deadline;
}
