/**
 * A set that takes effect can make a voter of this replica (M-1). Its timers stood still while it was none, and are
 * wound up now: it would otherwise stand for election at once, against the leader that has just added it.
 */
import { standingDelay } from "../membership/succession.ts";
import { latestVoters } from "../membership/voter-history.ts";
import type { State } from "../state.ts";
import { isVoter } from "../state.ts";
import type { Turn } from "../turn.ts";
import { drawElectionDeadline, update } from "../turn.ts";

/** Winds up the timers of a replica that was no voter `before`. */
export function windUpTimers(turn: Turn, before: State): void {
  if (isVoter(before) || !isVoter(turn.state)) return;
  const { role, now, config, voters } = turn.state;
  if (role.kind === "follower") {
    const delay = standingDelay(config, latestVoters(voters), role.leaderId);
    const fetchDeadline = Math.max(role.fetchDeadline, now + config.fetchTimeoutMs + delay);
    update(turn, { role: { ...role, fetchDeadline } });
  } else if (role.kind === "unattached") {
    const electionDeadline = drawElectionDeadline(turn);
    update(turn, { role: { ...role, electionDeadline } });
  }
}
