/**
 * Deadlines as data. There are no ticks: a shell sets one timer to `nextDeadline` and says when it is over.
 * etcd and toydb tick; Kafka's client and this core compute the next time at which anything can happen. A
 * replica with nothing to wait for is not woken, which a host that bills for waking cares about.
 *
 * Deadlines are liveness alone. Every one may be late, early or missed without harm to what is committed (Raft
 * §5.6): a late one costs availability, and an early one an election.
 */
import { unreachable } from "../std/assert.ts";
import type { Milliseconds } from "./messages.ts";
import { changeDeadline } from "./reconfiguration/voter-change.ts";
import { isReading, readsDeadline } from "./reading/rounds.ts";
import { earliestDeadline } from "./replication/waiting-fetches.ts";
import type { State } from "./state.ts";
import { isSoleVoter, mayStand } from "./state.ts";

const NEVER = Number.POSITIVE_INFINITY;

/** When the role itself is at an end unless something happens; never for an observer that has not just led. */
export function roleDeadline(state: State): Milliseconds {
  const { role } = state;
  // SL-1: no role that sleeps is at an end by itself.
  if (state.asleep !== null) return NEVER;
  // E-11 counts the others for a leader that has removed itself, and one that has resigned must follow again.
  if (!mayStand(state) && role.kind !== "leader" && role.kind !== "resigned") return NEVER;
  switch (role.kind) {
    case "unattached":
    case "prospective":
    case "candidate":
    case "resigned":
      return role.electionDeadline;
    case "follower":
      return role.fetchDeadline;
    case "leader":
      // KAFKA-16144: a sole voter always has its majority.
      return isSoleVoter(state) ? NEVER : role.checkQuorumDeadline;
    default:
      return unreachable(role);
  }
}

/** When this replica must be stepped again at the latest; Infinity when it can wait for ever. */
export function nextDeadline(state: State): Milliseconds {
  const { role } = state;
  const isAwake = state.asleep === null;
  let deadline = Math.min(roleDeadline(state), earliestDeadline(state.held));
  if (role.kind === "leader")
    deadline = Math.min(deadline, role.parkedDeadline, readsDeadline(state, role));
  if (role.kind === "leader" && isAwake) {
    if (!isSoleVoter(state)) deadline = Math.min(deadline, role.beginDeadline);
    deadline = Math.min(deadline, changeDeadline(state));
  }
  for (const { inFlight, readyAt } of state.connections.values()) {
    if (inFlight !== null) deadline = Math.min(deadline, inFlight.deadline);
    else if (readyAt > state.now && (isAwake || isReading(state)))
      deadline = Math.min(deadline, readyAt);
  }
  return deadline;
}
