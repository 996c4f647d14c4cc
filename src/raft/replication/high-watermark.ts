/**
 * When a record is committed (W-1 to W-6). Everything else in this core exists so that this may be believed.
 *
 * A committed record is one that every later leader has. The argument, in the order in which the code relies on
 * it:
 *
 * 1. A majority has stored it, for an acknowledgement is a Fetch past it and storing precedes fetching (D-4).
 * 2. Any later leader was granted a vote by a majority, and the two majorities share a voter (E-1).
 * 3. That voter gave its vote to a log at least as new as its own (V-4), so the new leader's log ends in an
 *    epoch at least as late as the record's.
 * 4. If it ends in the same epoch, one leader wrote both and the longer log holds the record. If it ends in a
 *    later one, that epoch's leader had the record when it began, by this same argument, and wrote its own
 *    records after it.
 *
 * Step 4 is where a record of an *earlier* epoch fails: a log can end in a later epoch than the record's and
 * not hold it, if the leader of that epoch was elected before the record had its majority. So only a record of
 * the leader's own epoch is counted, and what lies below is committed with it (W-2; Raft §5.4.2 and figure 8).
 */
import { reachedByMajority } from "../membership/majority.ts";
import { latestVoters, sameKey } from "../membership/voter-history.ts";
import { leaderRole } from "../state.ts";
import type { Turn } from "../turn.ts";
import { commitUpTo, update } from "../turn.ts";

/**
 * Moves the high watermark to what a majority holds, if that includes a record of this very epoch (W-2) and is
 * progress (W-3: after a change of voters the count may come out smaller). The leader counts its own end, which
 * it has not yet stored: no effect that follows can be seen before it is.
 */
export function advanceHighWatermark(turn: Turn): void {
  const { voters, config, log } = turn.state;
  const role = leaderRole(turn.state);
  const ends = latestVoters(voters).map(({ key }) => {
    if (sameKey(key, config.local.key)) return log.endOffset;
    const progress = role.voters.get(key.id);
    if (progress === undefined || !sameKey(progress.key, key) || progress.rolledBack) return null;
    return progress.endOffset;
  });
  const reached = reachedByMajority(ends);
  if (reached === null || reached <= role.epochStartOffset) return;
  if (reached <= (role.highWatermark ?? -1)) return;
  update(turn, { role: { ...role, highWatermark: reached } });
  commitUpTo(turn, reached);
}
