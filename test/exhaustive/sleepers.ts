/**
 * What must hold of those that sleep (SL-1 to SL-8): sleep leaves nothing undone, for nobody would do it before the
 * quorum is used again. None of this needs a clock.
 */
import { type State, nextDeadline } from "../../src/raft/index.ts";
import type { Ghost } from "./ghost.ts";
import type { Change } from "./laws.ts";
import { nodeId } from "./relabeling.ts";
import type { Replica } from "./replica.ts";
import { endOf, holds } from "./stored.ts";

/** The law of sleep that was broken, in a sentence. */
export function wronglyAsleep(change: Change, ghost: Ghost): string | null {
  const { after, replicas } = change;
  const unstored = untold(after);
  if (unstored !== null || after.state.asleep === null) return unstored;
  return restless(change) ?? behind(after, replicas, ghost) ?? undone(replicas, ghost);
}

/**
 * Who sleeps has that stored, who is awake has not, and what is stored is true: so it is after a crash at any moment.
 */
function untold({ node, state, stored }: Replica): string | null {
  const { asleep } = state;
  const { sleep, election, log, highWatermark } = stored;
  const isSame = asleep?.epoch === sleep?.epoch && asleep?.endOffset === sleep?.endOffset;
  if (!isSame) {
    return `a stored sleep is true: replica ${nodeId(node)} sleeps at ${asleep?.endOffset}, and has stored ${sleep?.endOffset}`;
  }
  if (sleep === null) return null;
  const { epoch, endOffset } = sleep;
  if (epoch === election?.epoch && endOffset === endOf(log) && endOffset === highWatermark)
    return null;
  return `a stored sleep is true: replica ${nodeId(node)} has stored ${endOffset}@${epoch} beside a log to ${endOf(log)} in ${election?.epoch}, committed to ${highWatermark}`;
}

/**
 * Who sleeps runs no timer and asks nothing; but a leader that reads in its sleep asks whether it leads still. No more
 * does one that falls asleep leave an answer behind that it awaits: a question that is under way would wake others.
 */
function restless({ before, after: { node, state } }: Change): string | null {
  const id = nodeId(node);
  const { role } = state;
  const apis = [...state.connections.values()].flatMap(({ inFlight }) => inFlight?.api ?? []);
  const mayRead = role.kind === "leader" && before.state.asleep !== null;
  const asked = apis.filter((api) => !mayRead || api !== "begin-quorum-epoch");
  if (asked.length > 0)
    return `sleepers rest: replica ${id} sleeps and has sent ${asked.join(", ")}`;
  const isReading = mayRead && (apis.length > 0 || readsAt(role) > 0);
  if (!isReading && nextDeadline(state) !== Number.POSITIVE_INFINITY)
    return `sleepers rest: replica ${id} sleeps and runs a timer`;
  if (role.kind === "follower" && role.isServed)
    return `sleepers rest: replica ${id} sleeps and shields ${role.leaderId}`;
  if (role.kind === "leader" && role.parkedVoters.size > 0)
    return `sleepers rest: replica ${id} sleeps while voters wait at it`;
  return null;
}

const readsAt = ({ reads }: Extract<State["role"], { kind: "leader" }>): number =>
  reads.waiting.length + (reads.round?.reads.length ?? 0);

/** Where somebody sleeps everything is committed, and held by every voter: its leader found all of them level. */
function behind(
  { node, stored }: Replica,
  replicas: readonly Replica[],
  ghost: Ghost,
): string | null {
  const id = nodeId(node);
  if (!holds(ghost.committed, stored.log)) {
    return `sleepers are level: replica ${id} sleeps at ${endOf(stored.log)}, where no leader has committed that`;
  }
  const lagging = replicas.find((other) => !holds(other.stored.log, stored.log));
  if (lagging === undefined) return null;
  return `sleepers are level: replica ${id} sleeps at ${endOf(stored.log)}, and ${nodeId(lagging.node)} ends at ${endOf(lagging.stored.log)}`;
}

/**
 * Where all sleep, nothing is left to do: they are of one epoch and have one log, with all that was ever committed.
 * Whatever is under way then need not arrive.
 */
function undone(replicas: readonly Replica[], ghost: Ghost): string | null {
  if (replicas.some(({ state }) => state.asleep === null)) return null;
  const epochs = new Set(replicas.map(({ state }) => state.election.epoch));
  if (epochs.size > 1) return `nothing is left undone: all sleep, in ${[...epochs].join(" and ")}`;
  const other = replicas.find(({ stored }) => stored.log !== ghost.committed);
  if (other === undefined) return null;
  return `nothing is left undone: all sleep, and replica ${nodeId(other.node)} ends at ${endOf(other.stored.log)} of ${endOf(ghost.committed)} that are committed`;
}
