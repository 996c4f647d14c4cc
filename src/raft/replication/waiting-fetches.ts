/**
 * Fetches that wait for their answer. _Parked_ at a leader (F-6, F-7): a voter's until the next append or
 * commit, an observer's until the next commit, any until its time is over; they live in the leader's role and
 * end when it does. _Held_ at any other replica until it can name a leader: `redirects.ts` says why, and shares
 * the bookkeeping below.
 *
 * Kafka keeps such requests in a purgatory of futures. Here they are data: a map from request to deadline, so
 * that a step stays a function and a seed repeats it. Two maps, not one, because an append is news to voters
 * alone: with a thousand brokers waiting, it must not cost a look at each.
 */
import { ImmutableMap, byNumber } from "../../std/immutable-map.ts";
import { hasVoter, latestVoters } from "../membership/voter-history.ts";
import type { Epoch, FetchRequest, Milliseconds, ReplicaId, RequestId } from "../messages.ts";
import { fallAsleep, mayLeaderSleep } from "../sleep/falling-asleep.ts";
import type { Leader, WaitingFetch, WaitingFetches } from "../state.ts";
import { leaderRole } from "../state.ts";
import type { Turn } from "../turn.ts";
import { reply, update } from "../turn.ts";
import { fetchError, fetchSuccess } from "./fetch-reply.ts";

/**
 * Of observers: more than any cluster has brokers; a fetch beyond is turned away with a code after which brokers pause.
 * Voters are never turned away, or a crowd of observers could depose the leader. There are few, with one Fetch each.
 */
export const PARKED_MAX = 10_000;
/** No request may occupy a place for longer, whatever wait it asks for. */
const WAIT_MS_MAX = 30_000;
/**
 * Waits end on a common beat, at most this much early: a thousand observers then cost fifty wake-ups a
 * second instead of a thousand.
 */
const BEAT_MS = 20;

/**
 * Keeps a fetch until there is something to say; false when there is no room. The wait is the fetcher's own
 * (`maxWaitMs`), capped: a place at the leader is a resource of the leader.
 */
export function park(turn: Turn, request: RequestId, body: FetchRequest): boolean {
  const { now, voters } = turn.state;
  const end = now + Math.min(body.maxWaitMs, WAIT_MS_MAX);
  const deadline = Math.max(now + 1, Math.floor(end / BEAT_MS) * BEAT_MS);
  const parked: WaitingFetch = { request: body, deadline };
  if (hasVoter(latestVoters(voters), body.replica)) {
    const role = leaderRole(turn.state);
    const parkedDeadline = Math.min(role.parkedDeadline, deadline);
    const parkedVoters = role.parkedVoters.set(request, parked);
    update(turn, { role: { ...role, parkedVoters, parkedDeadline } });
    return true;
  }
  supersede(turn, body.replica.id);
  const role = leaderRole(turn.state);
  const { parkedObservers, parkedByObserver } = role;
  if (parkedObservers.size >= PARKED_MAX) return false;
  update(turn, {
    role: {
      ...role,
      parkedObservers: parkedObservers.set(request, parked),
      parkedByObserver:
        body.replica.id < 0 ? parkedByObserver : parkedByObserver.set(body.replica.id, request),
      parkedDeadline: Math.min(role.parkedDeadline, deadline),
    },
  });
  return true;
}

/**
 * An observer has one place: its newer Fetch ends the older, whose sender has mostly hung up. The code is one after
 * which brokers pause, for two processes of one id would otherwise take turns without end.
 */
function supersede(turn: Turn, id: ReplicaId): void {
  const older = leaderRole(turn.state).parkedByObserver.get(id);
  if (older === undefined) return;
  unpark(turn, older);
  reply(turn, older, fetchError(turn.state, "BROKER_NOT_AVAILABLE"));
}

/**
 * Something was appended or committed: answers the fetches to which that is news. Each answer is computed anew
 * from the state as it is now, so it carries the records and the high watermark of this very step.
 */
export function wakeParked(turn: Turn, committed: boolean): void {
  const role = leaderRole(turn.state);
  answerAll(turn, role.parkedVoters);
  if (committed) answerAll(turn, role.parkedObservers);
  const parkedObservers = committed ? NO_FETCHES : role.parkedObservers;
  const parkedByObserver = committed ? NO_OBSERVERS : role.parkedByObserver;
  const parkedDeadline =
    parkedObservers.size === 0 ? Number.POSITIVE_INFINITY : role.parkedDeadline;
  const parkedVoters = NO_FETCHES;
  update(turn, {
    role: { ...role, parkedVoters, parkedObservers, parkedByObserver, parkedDeadline },
  });
}

function answerAll(turn: Turn, parked: WaitingFetches): void {
  for (const [request, { request: body }] of parked) {
    reply(turn, request, fetchSuccess(turn.state, body));
  }
}

/** Answers the fetches whose time is over: there was nothing to send, and that is no error. */
export function expireParked(turn: Turn): void {
  const { now } = turn.state;
  const leader = leaderRole(turn.state);
  if (now < leader.parkedDeadline) return;
  const voters = splitDue(leader.parkedVoters, now);
  const observers = splitDue(leader.parkedObservers, now);
  answerAll(turn, voters.due);
  answerAll(turn, observers.due);
  const first = Math.min(earliestDeadline(voters.rest), earliestDeadline(observers.rest));
  let { parkedByObserver } = leader;
  for (const { request } of observers.due.values()) {
    parkedByObserver = parkedByObserver.delete(request.replica.id);
  }
  update(turn, {
    role: {
      ...leader,
      parkedVoters: voters.rest,
      parkedObservers: observers.rest,
      parkedByObserver,
      parkedDeadline: first,
    },
  });
}

/**
 * The application has nothing to do: the leader of `epoch` sleeps if it may, and says so in its answers to the voters
 * that wait here (SL-1).
 */
export function onSleep(
  turn: Turn,
  { epoch, quietMs }: { readonly epoch: Epoch; readonly quietMs: Milliseconds },
): void {
  const { role, election, asleep } = turn.state;
  if (role.kind !== "leader" || election.epoch !== epoch || asleep !== null) return;
  if (!mayLeaderSleep(turn.state, role, quietMs)) return;
  fallAsleep(turn);
  wakeParked(turn, false);
}

/** Forgets a fetch whose sender is gone. */
export function unpark(turn: Turn, request: RequestId): void {
  const { role } = turn.state;
  if (role.kind !== "leader") return;
  const parkedVoters = role.parkedVoters.delete(request);
  const observer = role.parkedObservers.get(request)?.request.replica.id;
  const parkedObservers = role.parkedObservers.delete(request);
  const parkedByObserver =
    observer === undefined ? role.parkedByObserver : role.parkedByObserver.delete(observer);
  update(turn, { role: { ...role, parkedVoters, parkedObservers, parkedByObserver } });
}

/** No observer waits. */
export const NO_OBSERVERS: Leader["parkedByObserver"] = ImmutableMap.empty(byNumber);
/** No fetch waits. */
export const NO_FETCHES: WaitingFetches = ImmutableMap.empty(byNumber);

/** When the first of them is due; Infinity when none waits. */
export function earliestDeadline(waiting: WaitingFetches): Milliseconds {
  let earliest = Number.POSITIVE_INFINITY;
  for (const { deadline } of waiting.values()) earliest = Math.min(earliest, deadline);
  return earliest;
}

/** Separates the fetches whose time is over from the rest. */
export function splitDue(
  waiting: WaitingFetches,
  now: Milliseconds,
): { readonly due: WaitingFetches; readonly rest: WaitingFetches } {
  let due = NO_FETCHES;
  let rest = waiting;
  for (const [request, fetch] of waiting) {
    if (fetch.deadline > now) continue;
    due = due.set(request, fetch);
    rest = rest.delete(request);
  }
  return { due, rest };
}
