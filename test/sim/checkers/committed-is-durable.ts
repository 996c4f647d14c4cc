/**
 * A high watermark that a leader shows stands on durable storage: a majority of the voters hold, durably,
 * the batch that ends there. No replica shows a higher one than a leader has shown.
 *
 * Who votes is read from the leader's durable log up to there (KIP-853), not from what it says: only a log without any
 * voter set is judged by the set that its quorum was formed with, which the leader names.
 */
import type { Checker } from "./checker.ts";
import type { Ghost } from "./ghost.ts";

export function committedIsDurable(): Checker {
  return {
    name: "committed-is-durable",
    judge(observation, ghost) {
      if (observation.kind !== "shown" || observation.highWatermark === null) return undefined;
      const { replica, role, epoch, highWatermark } = observation;
      if (highWatermark <= ghost.committed.end) return undefined;
      if (role !== "leader") {
        return `replica ${replica} (${role}) shows ${highWatermark} as committed, no leader has gone beyond ${ghost.committed.end}`;
      }
      const chain = ghost.log(replica).chainAt(highWatermark);
      if (chain === undefined) {
        return `leader ${replica}@${epoch} shows the high watermark ${highWatermark}, where no durable batch of its own ends (its log ends at ${ghost.log(replica).end})`;
      }
      const voters = ghost.log(replica).votersBelow(highWatermark) ?? observation.voters;
      const holders = voters.filter((voter) => holds(ghost, voter, highWatermark, chain));
      if (holders.length * 2 > voters.length) return undefined;
      return `leader ${replica}@${epoch} shows the high watermark ${highWatermark}, durable on [${holders.join(" ")}] of [${voters.join(" ")}]`;
    },
  };
}

/** What a snapshot stands for counts as held: the ghost of a log that was cut or replaced has it still. */
function holds(ghost: Ghost, voter: string, endOffset: number, chain: number): boolean {
  return ghost
    .heldBy(voter)
    .some((log) => log.start > endOffset || log.chainAt(endOffset) === chain);
}
