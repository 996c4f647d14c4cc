/**
 * What a replica makes of hearing who leads: the one place where epochs are taken over from others
 * (`maybeTransition` in KRaft). Whether to believe a message is its handler's question; this only acts.
 *
 * Every answer in KRaft carries an epoch and a leader (H-4), so a replica learns of an election from any peer
 * that has heard of it, most often from an answer to a Fetch that failed. A larger epoch needs no proof: an
 * epoch is only a number, and moving to it can cost an election but never a record.
 */
import { assert } from "../../std/assert.ts";
import { leaderOf } from "../leadership.ts";
import { findVoter, latestVoters } from "../membership/voter-history.ts";
import type { Answer, Endpoint, Epoch } from "../messages.ts";
import type { State } from "../state.ts";
import { isVoter } from "../state.ts";
import type { Turn } from "../turn.ts";
import { becomeFollower, becomeResigned, becomeUnattached } from "./transitions.ts";

/** What a message says about who leads. */
export type Hearsay = Pick<Answer, "epoch" | "leaderId" | "leaderEndpoints">;

/**
 * Takes over what was heard of epochs and leaders. A larger epoch is always believed. A second leader of one
 * epoch is never: some voter has voted twice, safety is lost already, and the replica stops (I-3).
 */
export function learn(turn: Turn, heard: Hearsay): void {
  const { election, config, voters } = turn.state;
  if (heard.epoch < election.epoch) return;
  if (heard.leaderId === config.local.key.id) {
    learnOwnLeadership(turn, heard.epoch);
    return;
  }
  const listed = heard.leaderId === null ? null : findVoter(latestVoters(voters), heard.leaderId);
  const endpoints =
    heard.leaderEndpoints.length > 0 ? heard.leaderEndpoints : (listed?.endpoints ?? []);
  const reachable = heard.leaderId !== null && endpoints.length > 0;
  if (heard.epoch > election.epoch) {
    if (heard.leaderId !== null && reachable) {
      becomeFollower(turn, heard.epoch, { leaderId: heard.leaderId, endpoints });
    } else {
      becomeUnattached(turn, heard.epoch);
    }
    return;
  }
  if (heard.leaderId === null) return;
  assert(
    election.leaderId === null || election.leaderId === heard.leaderId,
    `epoch ${heard.epoch} has two leaders: ${election.leaderId} and ${heard.leaderId}`,
  );
  // A prospective voter whose peers still believe in the leader it lost does not return for hearing so.
  const isNews = election.leaderId === null || endpoints.length > knownEndpoints(turn.state).length;
  if (reachable && isNews) {
    becomeFollower(turn, heard.epoch, { leaderId: heard.leaderId, endpoints });
  }
}

const knownEndpoints = (state: State): readonly Endpoint[] => leaderOf(state)?.endpoints ?? [];

/**
 * A peer takes this replica for the leader. If it does not know that itself, its storage has lost an
 * election it once won (T-6). It must not vote in that epoch: it has voted, for itself.
 */
function learnOwnLeadership(turn: Turn, epoch: Epoch): void {
  const { role, election } = turn.state;
  if (epoch === election.epoch && (role.kind === "leader" || role.kind === "resigned")) return;
  if (isVoter(turn.state)) {
    becomeResigned(turn, epoch);
  } else if (epoch > election.epoch) {
    // A node of this id led, on a directory that this one has replaced.
    becomeUnattached(turn, epoch);
  }
}
