/**
 * What must hold in every world. The core's own assertions come on top: a step that trips one is a violation, too.
 *
 * Each law is judged where something has changed: at the replica that has taken a step. What all replicas ever did is
 * in the ghost, so no law needs the way by which a world was reached.
 */
import { type Effect, highWatermark, latestVoters } from "../../src/raft/index.ts";
import type { Ghost, Ghosts } from "./ghost.ts";
import { indexOf, nodeId } from "./relabeling.ts";
import type { Replica } from "./replica.ts";
import { wronglyAsleep } from "./sleepers.ts";
import { type Log, endOf, holds, upTo, votersIn } from "./stored.ts";

/** A step, as the laws see it. */
export interface Change {
  readonly before: Replica;
  readonly after: Replica;
  /** All replicas, after it. */
  readonly replicas: readonly Replica[];
  /** What others have seen of it: of one that a crash has cut short, nothing. */
  readonly effects: readonly Effect[];
}

/** What has been true so far and still is, or the law that was broken, in a sentence. */
export function judge(change: Change, ghost: Ghost, ghosts: Ghosts): Ghost | string {
  const { after, replicas } = change;
  const { epoch, leaderId } = after.state.election;
  const leader = ghost.leaders.get(epoch);
  if (leaderId !== null && leader !== undefined && leader !== leaderId) {
    return `election safety: epoch ${epoch} is led by ${leader} and by ${leaderId}`;
  }
  const led = leaderId === null ? ghost : ghosts.withLeader(ghost, epoch, leaderId);
  const committed = commit(change, led, ghosts);
  if (typeof committed === "string") return committed;
  return (
    keptBy(change) ??
    matches(after, replicas) ??
    changesOne(change) ??
    lost(change, committed) ??
    resumed(change) ??
    outdated(change) ??
    wronglyAsleep(change, committed) ??
    committed
  );
}

/** A leader has committed more: a majority holds it, and it goes on from what was committed before. */
function commit({ before, after, replicas }: Change, ghost: Ghost, ghosts: Ghosts): Ghost | string {
  const { state, stored } = after;
  const id = nodeId(after.node);
  const known = highWatermark(state);
  if (known === null || known <= endOf(ghost.committed)) return ghost;
  // One that has removed itself resigns in the step in which it commits that.
  const leader = [after, before].find((one) => one.state.role.kind === "leader");
  if (leader === undefined) {
    return `state-machine agreement: replica ${id} takes ${known} for committed, no leader has gone beyond ${endOf(ghost.committed)}`;
  }
  const log = upTo(stored.log, known);
  if (log === undefined || log === null) {
    return `durability: leader ${id} has committed ${known}, where no batch of its log ends`;
  }
  const { epoch } = leader.state.election;
  if (!holds(log, ghost.committed)) {
    return `leader completeness: leader ${id} of epoch ${epoch} has committed ${known} without what was committed up to ${endOf(ghost.committed)}`;
  }
  if (log.entry.epoch !== epoch) {
    return `commit in the own epoch: leader ${id} of epoch ${epoch} has committed ${known}, which ends in epoch ${log.entry.epoch}`;
  }
  const voters = latestVoters(state.voters).map(({ key }) => key.id);
  const holders = voters.filter((voter) => {
    const replica = replicas[indexOf(voter)];
    return replica !== undefined && holds(replica.stored.log, log);
  });
  if (holders.length * 2 <= voters.length) {
    return `durability: leader ${id} has committed ${known}, which only ${holders.join(", ")} of ${voters.join(", ")} hold`;
  }
  return ghosts.withCommit(ghost, epoch, log);
}

/** High watermarks never fall, not by a boot either, and what a replica takes for committed is. */
function keptBy({ before, after }: Change): string | null {
  const isBooted = before.stored.boots !== after.stored.boots;
  const known = (isBooted ? before.stored.highWatermark : before.state.committed) ?? -1;
  const now = after.state.committed ?? -1;
  if (now >= known) return null;
  return `high watermark: that of replica ${nodeId(after.node)} falls from ${known} to ${now}`;
}

/** Log matching: where two logs hold a batch of the same end and epoch, they are equal up to there. */
function matches(after: Replica, replicas: readonly Replica[]): string | null {
  for (const other of replicas) {
    let one: Log = after.stored.log;
    let two: Log = other.stored.log;
    while (one !== null && two !== null && one !== two) {
      const isSamePlace = endOf(one) === endOf(two);
      if (isSamePlace && one.entry.epoch === two.entry.epoch) {
        return `log matching: replicas ${nodeId(after.node)} and ${nodeId(other.node)} differ below ${endOf(one)}@${one.entry.epoch}`;
      }
      const isLonger = endOf(one) >= endOf(two);
      if (endOf(one) <= endOf(two)) two = two.before;
      if (isLonger) one = one.before;
    }
  }
  return null;
}

/** Voter sets: one differs from the next in a log by one member at most, or their majorities need not overlap. */
function changesOne({ before, after }: Change): string | null {
  let log = after.stored.log;
  for (; log !== null && !holds(before.stored.log, log); log = log.before) {
    const [was, is] = [votersIn(log.before), votersIn(log)];
    const come = is.filter((id) => !was.includes(id));
    const gone = was.filter((id) => !is.includes(id));
    if (was.length > 0 && come.length + gone.length > 1) {
      return `voter sets: replica ${nodeId(after.node)} holds ${was.join(", ")} and then ${is.join(", ")}`;
    }
  }
  return null;
}

/** What was committed is lost nowhere: no log loses it, every later leader has it, all agree on it. */
function lost({ before, after, replicas }: Change, ghost: Ghost): string | null {
  const { committed } = ghost;
  const id = nodeId(after.node);
  const known = after.state.committed ?? 0;
  const own = upTo(after.stored.log, known);
  if (own === undefined || !holds(committed, own)) {
    return `state-machine agreement: replica ${id} takes a log for committed up to ${known} that is not`;
  }
  if (holds(before.stored.log, committed) && !holds(after.stored.log, committed)) {
    return `committed is kept: replica ${id} has removed what was committed up to ${endOf(committed)}`;
  }
  for (const { node, state, stored } of replicas) {
    if (state.role.kind !== "leader") continue;
    for (const [epoch, log] of ghost.commits) {
      if (epoch < state.election.epoch && !holds(stored.log, log)) {
        return `leader completeness: leader ${nodeId(node)} of epoch ${state.election.epoch} lacks what was committed up to ${endOf(log)} in epoch ${epoch}`;
      }
    }
  }
  return null;
}

/** No epoch is resumed: who has led it before a restart does not lead in it again. */
function resumed({ before, after }: Change): string | null {
  const { role, election } = after.state;
  if (role.kind !== "leader" || before.stored.boots === after.stored.boots) return null;
  if (before.stored.election?.epoch !== election.epoch) return null;
  return `no epoch is resumed: replica ${nodeId(after.node)} leads ${election.epoch} again after a restart`;
}

/** How a read is called that arrives when so much was committed. */
export const readId = (committed: number): number => committed + 1;

/** Reads are current: each shows all that was committed anywhere when it arrived. */
function outdated({ after, effects }: Change): string | null {
  for (const effect of effects) {
    if (effect.kind !== "read-ready") continue;
    const missed = effect.requests.find((request) => effect.readIndex < request - 1);
    if (missed === undefined) continue;
    return `reads are current: replica ${nodeId(after.node)} shows ${effect.readIndex} to one that arrived when ${missed - 1} was committed`;
  }
  return null;
}
