/**
 * What a leader's bookkeeping becomes when a new voter set takes effect, which is when it is appended (M-1). What is
 * known of a replica is kept whether it counts or not: it was learned in this very epoch, from this very log, and a
 * position that was found valid stays valid while one leader leads (F-4).
 */
import { checkQuorumMs } from "../config.ts";
import { latestVoters, sameKey } from "../membership/voter-history.ts";
import type { ReplicaId } from "../messages.ts";
import type { Leader, ReplicaProgress, State } from "../state.ts";
import { keyOf, leaderRole } from "../state.ts";
import type { Turn } from "../turn.ts";
import { reply, update } from "../turn.ts";
import { fetchSuccess } from "./fetch-reply.ts";
import { OBSERVERS_MAX } from "./leading.ts";
import { noProgress } from "./progress.ts";
import { unpark } from "./waiting-fetches.ts";

/**
 * The voters of the leader's newest set become its voters. Whoever joins them is served as one at once, for its next
 * Fetch may be what commits the set; and check quorum begins anew, since a majority of other members is to be heard.
 */
export function adoptVoters(turn: Turn): void {
  const role = leaderRole(turn.state);
  const voters = votersOf(turn.state, role);
  const joined = [...voters.values()].filter(({ key }) => !role.voters.has(key.id));
  const heard = new Set([...role.heard].filter((id) => voters.has(id)));
  const { now, config } = turn.state;
  update(turn, {
    role: {
      ...role,
      voters,
      observers: observersOf(role, voters),
      heard,
      checkQuorumDeadline: now + checkQuorumMs(config),
      beginDeadline: now,
    },
  });
  for (const { key } of joined) serveParked(turn, key.id);
}

function votersOf({ voters, config }: State, role: Leader): Leader["voters"] {
  const others = latestVoters(voters).filter(({ key }) => !sameKey(key, config.local.key));
  return new Map(
    others.map(({ key }): [ReplicaId, ReplicaProgress] => {
      const former = role.voters.get(key.id);
      if (former !== undefined && sameKey(former.key, key)) return [key.id, former];
      return [key.id, role.observers.get(keyOf(key)) ?? noProgress(key)];
    }),
  );
}

/** Whoever was a voter goes on as an observer, where there is room. */
function observersOf(role: Leader, voters: Leader["voters"]): Leader["observers"] {
  let { observers } = role;
  for (const { key } of voters.values()) observers = observers.delete(keyOf(key));
  for (const progress of role.voters.values()) {
    const now = voters.get(progress.key.id);
    const isVoter = now !== undefined && sameKey(now.key, progress.key);
    if (!isVoter && observers.size < OBSERVERS_MAX)
      observers = observers.set(keyOf(progress.key), progress);
  }
  return observers;
}

/** A Fetch that it sent as an observer would wait for a commit, which may wait for its next one. */
function serveParked(turn: Turn, id: ReplicaId): void {
  const { parkedByObserver, parkedObservers } = leaderRole(turn.state);
  const request = parkedByObserver.get(id);
  const parked = request === undefined ? undefined : parkedObservers.get(request);
  if (request === undefined || parked === undefined) return;
  unpark(turn, request);
  reply(turn, request, fetchSuccess(turn.state, parked.request));
}
