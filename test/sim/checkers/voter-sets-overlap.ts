/**
 * Two voter sets that follow each other differ by one member at most, so that their majorities overlap (I-10): in every
 * log, and in the order in which leaders have committed by them. A leader commits by the newest set of its log, also
 * where that set is not committed yet; two leaders whose sets differ by more could each commit without the other.
 */
import type { Checker } from "./checker.ts";
import type { Ghost } from "./ghost.ts";

export function voterSetsOverlap(): Checker {
  let committedBy: readonly string[] | undefined;
  return {
    name: "voter-sets-overlap",
    judge(observation, ghost) {
      if (observation.kind === "durable") return appendedTwo(observation.replica, ghost);
      if (observation.kind !== "shown" || observation.role !== "leader") return undefined;
      const { replica, epoch, highWatermark } = observation;
      if ((highWatermark ?? 0) <= ghost.committed.end) return undefined;
      const log = ghost.log(replica);
      const voters = log.votersBelow(log.end) ?? observation.voters;
      const before = committedBy ?? voters;
      committedBy = voters;
      if (differsByOne(before, voters)) return undefined;
      return `leader ${replica}@${epoch} commits ${highWatermark} by [${voters.join(" ")}], after a commit by [${before.join(" ")}]`;
    },
  };
}

function appendedTwo(replica: string, ghost: Ghost): string | undefined {
  const log = ghost.log(replica);
  for (const { voters, baseOffset } of ghost.added) {
    const before = log.votersBelow(baseOffset);
    if (voters === undefined || before === undefined || differsByOne(before, voters)) continue;
    return `the log of replica ${replica} makes [${voters.join(" ")}] of the voters [${before.join(" ")}] at ${baseOffset}`;
  }
  return undefined;
}

function differsByOne(before: readonly string[], after: readonly string[]): boolean {
  const gone = before.filter((voter) => !after.includes(voter));
  const come = after.filter((voter) => !before.includes(voter));
  return gone.length + come.length <= 1;
}
