/**
 * Situations that an exploration must have met, or it has shown nothing of them.
 */
import type { Change } from "./laws.ts";
import type { Ghost } from "./ghost.ts";
import { nodeId } from "./relabeling.ts";
import { type LogEnd, holds, votersIn } from "./stored.ts";

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
  "a voter added",
  "a voter removed",
  "a leader removed itself",
  "a set of voters taken back",
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
  if (!holds(after.stored.log, before.stored.log)) {
    met.push("a log truncated");
    if (before.state.voters.records.length > after.state.voters.records.length) {
      met.push("a set of voters taken back");
    }
  }
  if (from.committed === to.committed) return met;
  met.push("a commit");
  if (election.epoch > 1) met.push("a commit in a later epoch");
  if (replicas.some(({ stored }) => stored.boots > 1)) met.push("a commit after a crash");
  for (let log = to.committed; log !== null && log !== from.committed; log = log.before) {
    if (log.entry.control.length === 0) met.push("a client's record committed");
    met.push(...changeIn(log, nodeId(after.node)));
  }
  return met;
}

/** What the batch at the end of a log does to the set of voters; `leader` commits it. */
function changeIn(log: LogEnd, leader: number): readonly Situation[] {
  const [before, now] = [votersIn(log.before), votersIn(log)];
  const isGone = (id: number): boolean => !now.includes(id);
  if (before.length === 0 || before === now) return [];
  if (now.length > before.length) return ["a voter added"];
  return isGone(leader) ? ["a voter removed", "a leader removed itself"] : ["a voter removed"];
}

const countCandidates = (
  { state: { election } }: Change["after"],
  replicas: Change["replicas"],
): number =>
  replicas.filter(({ state }) => {
    return state.role.kind === "candidate" && state.election.epoch === election.epoch;
  }).length;
