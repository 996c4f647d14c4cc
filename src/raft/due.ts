/**
 * What a replica does of its own accord when a time has come: roles that end, waits that are over, and the
 * requests that each role keeps under way.
 *
 * Both switches are over the role and exhaustive: a new role cannot be added without saying what ends it and
 * what it asks. Requests are not sent by timers. Each step ends by asking for what the role still lacks from
 * every peer that is ready, so a lost message, a restart and a new voter are all the same case.
 */
import { assert, unreachable } from "../std/assert.ts";
import { roleDeadline } from "./deadlines.ts";
import { announceLeader, announceResignation } from "./election/announcements.ts";
import { becomeProspective, becomeResigned, becomeUnattached } from "./election/transitions.ts";
import { loseCandidacy, solicitVotes } from "./election/votes.ts";
import { keepOwnEntry } from "./reconfiguration/own-entry.ts";
import { probeVoter } from "./reconfiguration/voter-change.ts";
import { keepReading } from "./reading/rounds.ts";
import { keepFetching } from "./replication/following.ts";
import { releaseHeld } from "./replication/redirects.ts";
import { expireParked } from "./replication/waiting-fetches.ts";
import { mayStand } from "./state.ts";
import type { Turn } from "./turn.ts";

/** A sole voter passes through every role at once; no replica passes through more. */
const TRANSITIONS_MAX = 8;

/** Does what is due, until nothing is; then keeps requests under way. */
export function settleDeadlines(turn: Turn): void {
  releaseHeld(turn);
  let transitions = 0;
  while (roleDeadline(turn.state) <= turn.state.now) {
    onRoleDeadline(turn);
    transitions += 1;
    assert(transitions < TRANSITIONS_MAX, `a ${turn.state.role.kind} never comes to rest`);
  }
  if (turn.state.role.kind === "leader") expireParked(turn);
  keepAsking(turn);
}

function onRoleDeadline(turn: Turn): void {
  const { role, election } = turn.state;
  switch (role.kind) {
    case "unattached":
    case "follower":
    case "candidate":
      becomeProspective(turn);
      return;
    case "prospective":
      loseCandidacy(turn, role.leaderEndpoints);
      return;
    case "leader":
      becomeResigned(turn, election.epoch);
      return;
    case "resigned":
      // E-5: a voter can neither lead nor vote in its old epoch; only a new one makes it a voter like the others.
      becomeUnattached(turn, mayStand(turn.state) ? election.epoch + 1 : election.epoch);
      return;
    default:
      unreachable(role);
  }
}

/** What each role keeps asking of the others. */
function keepAsking(turn: Turn): void {
  const { role, asleep } = turn.state;
  // SL-1: a sleeper asks nothing, but for the reads that it answers asleep.
  if (asleep !== null && role.kind !== "leader") return;
  switch (role.kind) {
    case "follower":
      keepOwnEntry(turn);
      keepFetching(turn);
      return;
    case "unattached":
      keepFetching(turn);
      return;
    case "prospective":
    case "candidate":
      solicitVotes(turn, role);
      return;
    case "leader":
      keepReading(turn);
      if (turn.state.asleep !== null) return;
      announceLeader(turn);
      probeVoter(turn);
      return;
    case "resigned":
      announceResignation(turn, role);
      return;
    default:
      unreachable(role);
  }
}
