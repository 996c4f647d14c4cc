/**
 * Situations that an exploration must have met, or it has shown nothing of them.
 */
import type { Change } from "./laws.ts";
import type { Ghost } from "./ghost.ts";
import { holds } from "./stored.ts";

export const SITUATIONS = [
  "a leader of a later epoch",
  "two candidates of one epoch",
  "a candidate restarted in its epoch",
  "a leader restarted as resigned",
  "a leader deposed by a later epoch",
  "a log truncated",
  "a commit",
  "a commit in a later epoch",
  "a commit after a crash",
  "a client's record committed",
] as const;

export type Situation = (typeof SITUATIONS)[number];

/** What a step shows. */
export function situationsIn(
  { before, after, replicas }: Change,
  { from, to }: { readonly from: Ghost; readonly to: Ghost },
): readonly Situation[] {
  const met: Situation[] = [];
  const { role, election } = after.state;
  const [was, is] = [before.state.role.kind, role.kind];
  const isBooted = before.stored.boots !== after.stored.boots;
  if (is === "leader" && was !== "leader" && election.epoch > 1)
    met.push("a leader of a later epoch");
  if (is === "candidate" && was !== "candidate" && countCandidates(after, replicas) > 1) {
    met.push("two candidates of one epoch");
  }
  if (isBooted && is === "candidate") met.push("a candidate restarted in its epoch");
  if (isBooted && is === "resigned") met.push("a leader restarted as resigned");
  if (was === "leader" && is !== "leader" && election.epoch > before.state.election.epoch) {
    met.push("a leader deposed by a later epoch");
  }
  if (!holds(after.stored.log, before.stored.log)) met.push("a log truncated");
  if (from.committed === to.committed) return met;
  met.push("a commit");
  if (election.epoch > 1) met.push("a commit in a later epoch");
  if (replicas.some(({ stored }) => stored.boots > 1)) met.push("a commit after a crash");
  for (let log = to.committed; log !== null && log !== from.committed; log = log.before) {
    if (log.entry.control.length === 0) met.push("a client's record committed");
  }
  return met;
}

const countCandidates = (
  { state: { election } }: Change["after"],
  replicas: Change["replicas"],
): number =>
  replicas.filter(({ state }) => {
    return state.role.kind === "candidate" && state.election.epoch === election.epoch;
  }).length;
