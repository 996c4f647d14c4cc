/**
 * A leader adds none to the voters who has not caught up under it (M-3): the newcomer holds, durably, at least the
 * first high watermark that this leader has shown in its epoch.
 */
import type { Checker } from "./checker.ts";

export function newcomersHaveCaughtUp(): Checker {
  const known = new Set<string>();
  /** By leader and epoch. */
  const firstShown = new Map<string, number>();
  return {
    name: "newcomers-have-caught-up",
    judge(observation, ghost) {
      if (observation.kind === "shown" && observation.role === "leader") {
        const { replica, epoch, highWatermark } = observation;
        const office = `${replica}@${epoch}`;
        if (highWatermark !== null && !firstShown.has(office))
          firstShown.set(office, highWatermark);
      }
      if (observation.kind !== "durable") return undefined;
      const { replica } = observation;
      const log = ghost.log(replica);
      for (const { baseOffset, epoch, voters } of ghost.added) {
        const before = log.votersBelow(baseOffset);
        const place = `${baseOffset}@${epoch}`;
        // Who stores it first is its leader; the others have it from there.
        if (voters === undefined || before === undefined || known.has(place)) continue;
        known.add(place);
        const end = firstShown.get(`${replica}@${epoch}`);
        for (const newcomer of voters.filter((voter) => !before.includes(voter))) {
          if (end !== undefined && ghost.isHeldBy(newcomer, end, log.chainAt(end))) continue;
          return `leader ${replica}@${epoch} adds ${newcomer} at ${baseOffset}, whose log ends at ${ghost.log(newcomer).end} and lacks what was committed at ${end}`;
        }
      }
      return undefined;
    },
  };
}
