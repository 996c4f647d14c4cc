/**
 * Situations that an exploration must have met, or it has shown nothing of them.
 */
import type { Change } from "./laws.ts";
import type { Ghost } from "./ghost.ts";
import { nodeId } from "./relabeling.ts";
import { type LogEnd, endOf, holds, votersIn } from "./stored.ts";

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
  "a quorum all asleep",
  "a follower told to sleep on",
  "a sleeping leader woken by an append",
  "a follower woken by its leader",
  "a sleeper restarted asleep",
  "a leader restarted asleep",
  "an election while the former leader sleeps",
  "an election while the former leader sleeps resigned",
  "a read answered in its leader's sleep",
  "a leader woken by a read that times out",
] as const;

export type Situation = (typeof SITUATIONS)[number];

/** What a step shows. */
export function situationsIn(
  change: Change,
  { from, to }: { readonly from: Ghost; readonly to: Ghost },
): readonly Situation[] {
  const { before, after, replicas } = change;
  const met: Situation[] = [...situationsOfSleep(change)];
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

/** What a step shows of sleep. */
function situationsOfSleep({ before, after, replicas, effects }: Change): readonly Situation[] {
  const met: Situation[] = [];
  const { role, asleep, election } = after.state;
  const isWoken = before.state.asleep !== null && asleep === null;
  const isBooted = before.stored.boots !== after.stored.boots;
  const refused = effects.some(({ kind }) => kind === "read-refused");
  if (asleep !== null) met.push(...situationsAsleep({ before, after, replicas, effects }));
  if (asleep !== null && isBooted) met.push("a sleeper restarted asleep");
  if (isWoken && role.kind === "leader") {
    if (endOf(after.stored.log) > endOf(before.stored.log))
      met.push("a sleeping leader woken by an append");
    if (refused) met.push("a leader woken by a read that times out");
  }
  const isAnnounced = effects.some(
    (effect) => effect.kind === "reply" && effect.response.api === "begin-quorum-epoch",
  );
  const isInEpoch = before.state.election.epoch === election.epoch;
  if (isWoken && isInEpoch && role.kind === "follower" && isAnnounced)
    met.push("a follower woken by its leader");
  if (role.kind !== "leader" || before.state.role.kind === "leader") return met;
  for (const { state } of replicas) {
    if (state.asleep === null || state.election.epoch >= election.epoch) continue;
    if (state.role.kind === "leader") met.push("an election while the former leader sleeps");
    if (state.role.kind === "resigned")
      met.push("an election while the former leader sleeps resigned");
  }
  return met;
}

/** What a step shows that ends in sleep. */
function situationsAsleep({ before, after, replicas, effects }: Change): readonly Situation[] {
  const met: Situation[] = [];
  const wasAsleep = before.state.asleep !== null;
  const { role } = after.state;
  if (!wasAsleep && replicas.every(({ state }) => state.asleep !== null))
    met.push("a quorum all asleep");
  if (before.stored.boots !== after.stored.boots && role.kind === "resigned")
    met.push("a leader restarted asleep");
  if (!wasAsleep || role.kind !== "leader") return met;
  const isTold = effects.some(
    (effect) =>
      effect.kind === "reply" &&
      effect.response.api === "fetch" &&
      effect.response.asleepAt !== undefined,
  );
  if (isTold) met.push("a follower told to sleep on");
  if (effects.some(({ kind }) => kind === "read-ready"))
    met.push("a read answered in its leader's sleep");
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
