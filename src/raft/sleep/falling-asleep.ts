/**
 * Falling asleep: how a quorum with nothing to do stops every timer and every call (SL-1, SL-2). It is a lull that both
 * sides can see. The leader looks at what it knows: everything is committed, and each other voter waits here with a
 * Fetch that states so. Each follower looks at its own log before it obeys.
 *
 * Sleep moves no epoch, no vote and no record: no rule of safety uses a timer. What it must not do is to leave
 * something unfinished, for nobody would finish it before the quorum is used again.
 */
import { hasVoter, latestVoters, sameKey } from "../membership/voter-history.ts";
import type { FetchRequest, FetchResponse, Milliseconds, ReplicaId } from "../messages.ts";
import type { Leader, State } from "../state.ts";
import { isVoter } from "../state.ts";
import type { Turn } from "../turn.ts";
import { update } from "../turn.ts";

/** Whether a leader that is awake may sleep: nothing has happened for `quietMs`, and nothing is left to do (SL-1). */
export function mayLeaderSleep(state: State, role: Leader, quietMs: Milliseconds): boolean {
  const { now, log, held, connections, config } = state;
  if (config.maySleep !== true || !isVoter(state)) return false;
  if (now - role.activeAt < quietMs || role.highWatermark !== log.endOffset) return false;
  if (role.change !== null || role.reads.round !== null || role.reads.waiting.length > 0)
    return false;
  if (held.size > 0) return false;
  if ([...connections.values()].some(({ inFlight }) => inFlight !== null)) return false;
  return areAllLevel(state, role);
}

/** The leader sleeps, says a Fetch that it has served. A follower that is as far sleeps as well (SL-2). */
export function onLeaderAsleep(turn: Turn, from: ReplicaId, body: FetchResponse): void {
  const { role, log, committed, config } = turn.state;
  const end = body.asleepAt;
  if (end === undefined || config.maySleep !== true || !isVoter(turn.state)) return;
  if (role.kind !== "follower" || role.leaderId !== from || role.hasLeft) return;
  if (log.endOffset !== end || committed !== end || role.installing !== null) return;
  fallAsleep(turn);
  // Asleep, it knows nothing of its leader: it shields it from nobody (SL-8).
  update(turn, { role: { ...role, isServed: false }, connections: new Map() });
}

/** Whether a Fetch that is answered so may be answered by a sleeper without waking (SL-3). */
export const isLevelFetch = (state: State, body: FetchRequest): boolean =>
  hasVoter(latestVoters(state.voters), body.replica) &&
  body.maySleep === true &&
  body.fetchOffset === state.log.endOffset &&
  body.highWatermark === state.log.endOffset;

/** Every other voter waits here, has everything, and knows that it is committed. */
function areAllLevel(state: State, { parkedVoters, voters }: Leader): boolean {
  const waiting = [...parkedVoters.values()].map(({ request }) => request);
  return latestVoters(state.voters)
    .filter(({ key }) => !sameKey(key, state.config.local.key))
    .every(
      ({ key }) =>
        voters.get(key.id)?.rolledBack === false &&
        waiting.some((request) => sameKey(request.replica, key) && isLevelFetch(state, request)),
    );
}

/** From now on it sleeps, where its log ends. */
export function fallAsleep(turn: Turn): void {
  const { election, log, clock } = turn.state;
  update(turn, {
    asleep: { epoch: election.epoch, endOffset: log.endOffset, sinceMs: clock },
  });
}
