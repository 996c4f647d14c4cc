/**
 * A high watermark that a leader shows stands on durable storage: a majority of its voters hold, durably,
 * the batch that ends there. No replica shows a higher one than a leader has shown.
 */
import type { Checker } from "./checker.ts";
import type { Ghost } from "./ghost.ts";

export function committedIsDurable(): Checker {
  return {
    name: "committed-is-durable",
    judge(observation, ghost) {
      if (observation.kind !== "shown" || observation.highWatermark === null) return undefined;
      const { replica, role, epoch, voters, highWatermark } = observation;
      if (highWatermark <= ghost.committed.end) return undefined;
      if (role !== "leader") {
        return `replica ${replica} (${role}) shows ${highWatermark} as committed, no leader has gone beyond ${ghost.committed.end}`;
      }
      const chain = ghost.log(replica).chainAt(highWatermark);
      if (chain === undefined) {
        return `leader ${replica}@${epoch} shows the high watermark ${highWatermark}, where no durable batch of its own ends (its log ends at ${ghost.log(replica).end})`;
      }
      const holders = voters.filter((voter) => holds(ghost, voter, highWatermark, chain));
      if (holders.length * 2 > voters.length) return undefined;
      return `leader ${replica}@${epoch} shows the high watermark ${highWatermark}, durable on [${holders.join(" ")}] of [${voters.join(" ")}]`;
    },
  };
}

/** A log that was replaced by a snapshot beyond the offset holds what the snapshot held. */
function holds(ghost: Ghost, voter: string, endOffset: number, chain: number): boolean {
  const log = ghost.log(voter);
  return log.start > endOffset || log.chainAt(endOffset) === chain;
}
