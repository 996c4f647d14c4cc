/**
 * Fetches that wait at the leader (F-6, F-7): a voter's until the next append or commit, an observer's until
 * the next commit, any until its time is over. They live in the leader's role and end when the office does.
 */
import { assert } from "../../std/assert.ts";
import type { FetchRequest, RequestId } from "../messages.ts";
import { fetchSuccess } from "./fetch-reply.ts";
import type { Leader, WaitingFetch, WaitingFetches } from "../state.ts";
import type { Turn } from "../turn.ts";
import { reply, update } from "../turn.ts";
import { hasVoter, latestVoters } from "../membership/voter-history.ts";
import { NOBODY, earliestDeadline, splitDue } from "./waiting.ts";

/** More than any cluster has brokers; a fetch beyond is turned away with a code after which brokers pause. */
export const PARKED_MAX = 10_000;
/** Nobody may occupy a place for longer, whatever it asks for. */
const WAIT_MS_MAX = 30_000;
/**
 * Waits end on a common beat, at most this much early: a thousand observers then cost fifty wake-ups a
 * second instead of a thousand.
 */
const BEAT_MS = 20;

/** Keeps a fetch until there is something to say; false when there is no room. */
export function park(turn: Turn, request: RequestId, body: FetchRequest): boolean {
  const { role, now, voters } = turn.state;
  assert(role.kind === "leader", `a ${role.kind} parks no fetches`);
  if (role.parkedVoters.size + role.parkedObservers.size >= PARKED_MAX) return false;
  const end = now + Math.min(body.maxWaitMs, WAIT_MS_MAX);
  const deadline = Math.max(now + 1, Math.floor(end / BEAT_MS) * BEAT_MS);
  const parkedDeadline = Math.min(role.parkedDeadline, deadline);
  const parked: WaitingFetch = { request: body, deadline };
  if (hasVoter(latestVoters(voters), body.replica)) {
    const parkedVoters = role.parkedVoters.set(request, parked);
    update(turn, { role: { ...role, parkedVoters, parkedDeadline } });
  } else {
    const parkedObservers = role.parkedObservers.set(request, parked);
    update(turn, { role: { ...role, parkedObservers, parkedDeadline } });
  }
  return true;
}

/** Something was appended or committed: answers those for whom that is news. */
export function wakeParked(turn: Turn, committed: boolean): void {
  const { role } = turn.state;
  assert(role.kind === "leader", `a ${role.kind} parks no fetches`);
  answerAll(turn, role.parkedVoters);
  if (committed) answerAll(turn, role.parkedObservers);
  const parkedObservers = committed ? NOBODY : role.parkedObservers;
  const parkedDeadline =
    parkedObservers.size === 0 ? Number.POSITIVE_INFINITY : role.parkedDeadline;
  update(turn, { role: { ...role, parkedVoters: NOBODY, parkedObservers, parkedDeadline } });
}

function answerAll(turn: Turn, parked: WaitingFetches): void {
  for (const [request, { request: body }] of parked) {
    reply(turn, request, fetchSuccess(turn.state, body));
  }
}

/** Answers those whose time is over: there was nothing, and that is no error. */
export function expireParked(turn: Turn, leader: Leader): void {
  const { now } = turn.state;
  if (now < leader.parkedDeadline) return;
  const voters = splitDue(leader.parkedVoters, now);
  const observers = splitDue(leader.parkedObservers, now);
  answerAll(turn, voters.due);
  answerAll(turn, observers.due);
  const first = Math.min(earliestDeadline(voters.rest), earliestDeadline(observers.rest));
  update(turn, {
    role: {
      ...leader,
      parkedVoters: voters.rest,
      parkedObservers: observers.rest,
      parkedDeadline: first,
    },
  });
}

/** Forgets a fetch whose sender is gone. */
export function unpark(turn: Turn, request: RequestId): void {
  const { role } = turn.state;
  if (role.kind !== "leader") return;
  const parkedVoters = role.parkedVoters.delete(request);
  const parkedObservers = role.parkedObservers.delete(request);
  update(turn, { role: { ...role, parkedVoters, parkedObservers } });
}
