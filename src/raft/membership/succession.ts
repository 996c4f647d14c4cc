/**
 * In which order voters stand for election when their leader is gone. They lost it at one moment, since their
 * fetches were last answered on the same beat, and voters that stand together split the vote. They know each
 * other's ids: the first stands at once and each further one a step later, so that it meets an election which is
 * already won. Random time-outs (Raft §5.2) reach the same only with spreads as wide as the time-out itself.
 *
 * The order ignores whose log is longest, for followers do not know. A laggard that stands first loses its pre-vote
 * and has cost one step. A leader that resigns does know, and names its successors itself (E-7).
 */
import type { RaftConfig } from "../config.ts";
import { successionStepMs } from "../config.ts";
import type { Milliseconds, ReplicaId } from "../messages.ts";
import type { VoterSet } from "./voter-history.ts";

/** How long this voter lets those before it try, once `leaderId` is believed to be gone. */
export function standingDelay(
  config: RaftConfig,
  voters: VoterSet,
  leaderId: ReplicaId,
): Milliseconds {
  const others = voters.filter(({ key }) => key.id !== leaderId);
  const rank = others.findIndex(({ key }) => key.id === config.local.key.id);
  return Math.max(0, rank) * successionStepMs(config);
}
