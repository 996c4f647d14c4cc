/**
 * A high watermark that a leader shows stands on durable storage: a majority of the voters hold, durably, the batch
 * that ends there. No replica shows a higher one than a leader has shown.
 *
 * Who votes is read from the leader's durable log (KIP-853), not from what it says: only a log without any voter set is
 * judged by the set that its quorum was formed with, which the leader names. What lies above the record of a set needs
 * a majority of that set. What lies below the newest one may have been counted by it, or before it was appended (W-6).
 */
import type { Observation } from "../observation.ts";
import type { Checker } from "./checker.ts";

export function committedIsDurable(): Checker {
  return {
    name: "committed-is-durable",
    judge(observation, ghost) {
      if (observation.kind !== "shown" || observation.highWatermark === null) return undefined;
      const { replica, role, epoch, highWatermark } = observation;
      if (highWatermark <= ghost.committed.end) return undefined;
      if (!isOfLeader(observation)) {
        return `replica ${replica} (${role}) shows ${highWatermark} as committed, no leader has gone beyond ${ghost.committed.end}`;
      }
      const log = ghost.log(replica);
      const chain = log.chainAt(highWatermark);
      if (chain === undefined) {
        return `leader ${replica}@${epoch} shows the high watermark ${highWatermark}, where no durable batch of its own ends (its log ends at ${log.end})`;
      }
      const voters = log.votersBelow(highWatermark) ?? observation.voters;
      const newest = log.votersBelow(log.end) ?? voters;
      const holdersOf = (set: readonly string[]): readonly string[] =>
        set.filter((voter) => ghost.isHeldBy(voter, highWatermark, chain));
      if ([voters, newest].some((set) => holdersOf(set).length * 2 > set.length)) return undefined;
      return `leader ${replica}@${epoch} shows the high watermark ${highWatermark}, durable on [${holdersOf(voters).join(" ")}] of [${voters.join(" ")}]`;
    },
  };
}

/** A leader that has removed itself commits that and resigns in one step (M-4). */
const isOfLeader = ({ replica, role, leader }: Extract<Observation, { kind: "shown" }>): boolean =>
  role === "leader" || (role === "resigned" && replica.split("/")[0] === `${leader}`);
