/**
 * What a follower makes of fetches that come to nothing. A lost connection is evidence that the leader is gone, long
 * before a time-out says so; time-outs are for calls that hang.
 *
 * Evidence deposes no leader by itself. It brings forward the moment at which this voter asks the others for
 * pre-votes, and they refuse for as long as the leader serves them (V-5). So it takes a majority without working
 * fetches to depose a leader: in a quorum of three, both followers.
 *
 * The first failure only earns another attempt: an object that was evicted is woken by it, boots as Resigned and says
 * EndQuorumEpoch, which is faster than any suspicion. And a leader that is overloaded is not dead: it would be
 * followed by one that is overloaded just as much.
 */
import { unreachable } from "../../std/assert.ts";
import type { RequestFailure } from "../inputs.ts";
import { standingDelay } from "../membership/succession.ts";
import { latestVoters } from "../membership/voter-history.ts";
import type { ReplicaId } from "../messages.ts";
import type { Follower } from "../state.ts";
import { mayStand } from "../state.ts";
import type { Turn } from "../turn.ts";
import { update } from "../turn.ts";

/** So many failures in a row are enough to ask the others about the leader. */
const SUSPICIOUS_FAILURES = 2;

/** A Fetch to `from` came to nothing. */
export function onFetchFailed(turn: Turn, from: ReplicaId, failure: RequestFailure): void {
  const { role } = turn.state;
  if (role.kind !== "follower" || role.leaderId !== from || failure === "overloaded") return;
  const fetchFailures = countFailure(role.fetchFailures, failure);
  const failed: Follower = { ...role, isServed: false, fetchFailures };
  update(turn, { role: { ...failed, fetchDeadline: suspicionDeadline(turn, failed) } });
}

function countFailure(failures: number, failure: RequestFailure): number {
  switch (failure) {
    case "refused":
      return SUSPICIOUS_FAILURES;
    case "reset":
    case "retryable":
      return failures + 1;
    case "overloaded":
    case "timeout":
    case "unreadable":
      return failures;
    default:
      return unreachable(failure);
  }
}

/** When to give up on the leader: as before, or sooner where there is evidence, one voter after the other. */
function suspicionDeadline({ state }: Turn, role: Follower): number {
  const { now, config, voters } = state;
  const suspects = role.fetchFailures >= SUSPICIOUS_FAILURES && now >= role.suspectAfter;
  if (!suspects || !mayStand(state)) return role.fetchDeadline;
  const delay = standingDelay(config, latestVoters(voters), role.leaderId);
  return Math.min(role.fetchDeadline, now + delay);
}
