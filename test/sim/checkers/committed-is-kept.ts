/**
 * What has been shown as committed stays: no log loses a committed batch, every replica that shows a high
 * watermark has the one committed log below it, and every leader holds all that leaders of earlier epochs
 * committed (leader completeness).
 */
import type { Checker } from "./checker.ts";
import type { Ghost } from "./ghost.ts";

export function committedIsKept(): Checker {
  const leaders = new Map<string, number>();
  return {
    name: "committed-is-kept",
    judge(observation, ghost) {
      if (observation.kind === "durable") return lost(observation.replica, ghost);
      if (observation.kind !== "shown") return undefined;
      const { replica, role, epoch, highWatermark } = observation;
      if (highWatermark !== null && highWatermark <= ghost.committed.end) {
        const complaint = disagrees(replica, highWatermark, ghost);
        if (complaint !== undefined) return complaint;
      }
      if (role !== "leader") leaders.delete(replica);
      else if (leaders.get(replica) !== epoch) {
        leaders.set(replica, epoch);
        const complaint = disagrees(
          replica,
          ghost.committedBefore(epoch),
          ghost,
          `leads epoch ${epoch} and `,
        );
        if (complaint !== undefined) return complaint;
      }
      return highWatermark === null ? undefined : overtaken(observation, leaders, ghost);
    },
  };
}

function lost(replica: string, ghost: Ghost): string | undefined {
  for (const entry of ghost.removed) {
    const end = entry.lastOffset + 1;
    if (end <= ghost.committed.end && ghost.committed.chainAt(end) === entry.chain) {
      return `replica ${replica} truncated ${entry.baseOffset}..${entry.lastOffset}@${entry.epoch}, which was committed`;
    }
  }
  return undefined;
}

function disagrees(replica: string, end: number, ghost: Ghost, how = ""): string | undefined {
  const log = ghost.log(replica);
  if (log.start > end || log.chainAt(end) === ghost.committed.chainAt(end)) return undefined;
  return `replica ${replica} ${how}does not hold the committed log below ${end}`;
}

/**
 * A late commit of an old leader: the leaders of later epochs must have it as well, or have had it and lost it since.
 */
function overtaken(
  shown: {
    readonly replica: string;
    readonly epoch: number;
    readonly highWatermark: number | null;
  },
  leaders: ReadonlyMap<string, number>,
  ghost: Ghost,
): string | undefined {
  const end = shown.highWatermark ?? 0;
  if (end <= ghost.committed.end) return undefined;
  const chain = ghost.log(shown.replica).chainAt(end);
  for (const [leader, epoch] of leaders) {
    if (epoch > shown.epoch && !ghost.isHeldBy(leader, end, chain)) {
      return `replica ${shown.replica} of epoch ${shown.epoch} committed ${end}, and the leader ${leader} of epoch ${epoch} lacks it`;
    }
  }
  return undefined;
}
