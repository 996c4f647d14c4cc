/**
 * A Fetch comes in. A leader of that very epoch serves it. Any other replica can only name who leads, and must
 * be careful when it names none: a broker that hears an error which is no news to it asks again without a
 * pause, and a cluster without a leader would drown in such requests. So these answers are held back, for a
 * second while no leader is known, for a moment otherwise. Not from voters: they pause by themselves.
 *
 * A held Fetch is answered as soon as the leadership changes (H-2): by its new leader if that is this replica,
 * by a redirect otherwise. Kafka answers at once and leaves the pause to the fetcher, whose code we do not
 * control.
 */
import { isForAnotherCluster } from "../exchange/addressing.ts";
import { leaderOf, leadsEpoch, refusal } from "../leadership.ts";
import { hasVoter, latestVoters } from "../membership/voter-history.ts";
import type { FetchRequest, RequestId } from "../messages.ts";
import type { State } from "../state.ts";
import type { Turn } from "../turn.ts";
import { reply, update } from "../turn.ts";
import { fetchError } from "./fetch-reply.ts";
import { serveFetch } from "./leading.ts";
import { NO_FETCHES, splitDue } from "./waiting-fetches.ts";

/** While no leader is known. Below every fetcher's request time-out (Kafka: 2 s). */
const LEADERLESS_HOLD_MS = 1_000;
/** Of an answer that names a leader which the fetcher may know already. */
const REDIRECT_HOLD_MS = 200;
/** As many as a leader parks. */
const HELD_MAX = 10_000;

/** Answers a Fetch, now or later. */
export function onFetchRequest(turn: Turn, request: RequestId, body: FetchRequest): void {
  const { config, election } = turn.state;
  if (isForAnotherCluster(body, config)) {
    reply(turn, request, fetchError(turn.state, "INCONSISTENT_CLUSTER_ID"));
  } else if (isMalformed(body) || body.replica.id === config.local.key.id) {
    reply(turn, request, fetchError(turn.state, "INVALID_REQUEST"));
  } else if (leadsEpoch(turn.state, body.epoch)) {
    serveFetch(turn, request, body);
  } else if (body.epoch < election.epoch || isByVoter(turn.state, body) || isFull(turn.state)) {
    reply(turn, request, fetchError(turn.state, refusal(turn.state, body.epoch)));
  } else {
    hold(turn, request, body);
  }
}

/** A voter backs off by itself; a Fetch of its that waits here keeps it from asking its leader. */
const isByVoter = ({ voters }: State, body: FetchRequest): boolean =>
  hasVoter(latestVoters(voters), body.replica);

const isFull = ({ held }: State): boolean => held.size >= HELD_MAX;

/** No follower's log can end before it began, or with an epoch above that of its leader. */
function isMalformed({ epoch, fetchOffset, lastFetchedEpoch, maxWaitMs }: FetchRequest): boolean {
  if (!Number.isSafeInteger(fetchOffset)) return true;
  if (maxWaitMs < 0 || fetchOffset < 0 || lastFetchedEpoch < 0) return true;
  return lastFetchedEpoch > epoch;
}

function hold(turn: Turn, request: RequestId, body: FetchRequest): void {
  const { held, now } = turn.state;
  const patience = leaderOf(turn.state) === null ? LEADERLESS_HOLD_MS : REDIRECT_HOLD_MS;
  update(turn, { held: held.set(request, { request: body, deadline: now + patience }) });
}

/** Answers the fetches that were held for long enough. */
export function releaseHeld(turn: Turn): void {
  const { due, rest } = splitDue(turn.state.held, turn.state.now);
  for (const [request, { request: body }] of due) {
    const error = refusal(turn.state, body.epoch);
    // While there is no leader to name, even an old epoch is no reason to ask again at once.
    const isPointless = leaderOf(turn.state) === null;
    reply(turn, request, fetchError(turn.state, isPointless ? "BROKER_NOT_AVAILABLE" : error));
  }
  update(turn, { held: rest });
}

/** The epoch or the leader changed: the fetches that waited for a leader are served or redirected now. */
export function reconsiderHeld(turn: Turn): void {
  if (turn.state.held.size === 0 || leaderOf(turn.state) === null) return;
  const { held } = turn.state;
  update(turn, { held: NO_FETCHES });
  for (const [request, { request: body }] of held) {
    if (leadsEpoch(turn.state, body.epoch)) serveFetch(turn, request, body);
    else reply(turn, request, fetchError(turn.state, refusal(turn.state, body.epoch)));
  }
}

/** Forgets a fetch whose sender is gone. */
export function letGo(turn: Turn, request: RequestId): void {
  update(turn, { held: turn.state.held.delete(request) });
}
