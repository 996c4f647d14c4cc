/**
 * When a record is committed (W-1 to W-6). Everything else in this core exists so that this may be believed.
 */
import { reachedByMajority } from "../membership/majority.ts";
import { leaderRole } from "../state.ts";
import type { Turn } from "../turn.ts";
import { commitUpTo, update } from "../turn.ts";
import { latestVoters, sameKey } from "../membership/voter-history.ts";

/**
 * Moves the high watermark to what a majority holds, if that includes a record of this very epoch (W-2: a
 * majority may hold an older record that a future leader will still overwrite; Raft's figure 8) and is
 * progress (W-3: after a change of voters the count may come out smaller).
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
