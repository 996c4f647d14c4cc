/**
 * What a Fetch says besides records: that each of the two is there. A voter that fetches is one with which its leader
 * can commit; a leader that serves is one that its follower need not replace. A FetchSnapshot says the same (N-7),
 * although it acknowledges nothing.
 */
import { checkQuorumMs } from "./config.ts";
import { hasMajority } from "./membership/majority.ts";
import { standingDelay } from "./membership/succession.ts";
import { hasVoter, latestVoters } from "./membership/voter-history.ts";
import type { ReplicaKey } from "./messages.ts";
import type { Follower } from "./state.ts";
import { isVoter, leaderRole } from "./state.ts";
import type { Turn } from "./turn.ts";
import { update } from "./turn.ts";

/**
 * Check quorum: a leader from which a majority keeps fetching, itself included, is one that can commit (E-11,
 * KAFKA-15489). Raft's leader learns from failed AppendEntries that it is cut off; a KRaft leader sends nothing
 * and would lead for ever, while clients wait at it and the others have long elected another. A leader outside
 * the voter set does not count itself (KAFKA-16531), and a replica that is none of the voters counts for nothing.
 */
export function hearFrom(turn: Turn, key: ReplicaKey): void {
  const { voters, config, now } = turn.state;
  if (!hasVoter(latestVoters(voters), key)) return;
  const role = leaderRole(turn.state);
  const heard = new Set(role.heard).add(key.id);
  const present = isVoter(turn.state) ? new Set(heard).add(config.local.key.id) : heard;
  if (!hasMajority(latestVoters(voters), present)) {
    update(turn, { role: { ...role, heard } });
    return;
  }
  const checkQuorumDeadline = now + checkQuorumMs(config);
  update(turn, { role: { ...role, heard: new Set(), checkQuorumDeadline } });
}

/**
 * The leader has served this follower: its fetch timer begins anew, and it shields the leader from pre-votes. What was
 * under way when the leader took its leave holds up no successor (E-7).
 */
export function noteServed(turn: Turn): void {
  const { role, now, config, voters } = turn.state;
  if (role.kind !== "follower" || role.hasLeft) return;
  const served: Follower = {
    ...role,
    fetchDeadline:
      now + config.fetchTimeoutMs + standingDelay(config, latestVoters(voters), role.leaderId),
    hasFetched: true,
    isServed: true,
    fetchFailures: 0,
  };
  update(turn, { role: served });
}
