/**
 * A replica stands for election, in a pre-vote too, only while the newest voter set in its durable log lists it (M-9),
 * or while it has not shown that set as committed and the one before lists it (MB-1). A superseded instance goes by the
 * log that it knew.
 */
import type { Checker } from "./checker.ts";

export function removedVotersDoNotStand(): Checker {
  const latest = new Map<string, number>();
  return {
    name: "removed-voters-do-not-stand",
    judge(observation, ghost) {
      if (observation.kind !== "shown") return undefined;
      const { replica, incarnation, role, epoch, highWatermark } = observation;
      if (incarnation < (latest.get(replica) ?? 0)) return undefined;
      latest.set(replica, incarnation);
      if (role !== "prospective" && role !== "candidate") return undefined;
      const log = ghost.log(replica);
      const newest = log.voterSetBelow(log.end);
      const voters = newest?.voters ?? observation.voters;
      if (voters.includes(replica)) return undefined;
      const end = newest?.offset ?? 0;
      const before = log.votersBelow(end) ?? observation.voters;
      if (end >= (highWatermark ?? 0) && before.includes(replica)) return undefined;
      return `replica ${replica} is ${role} in epoch ${epoch}, its log lists [${voters.join(" ")}]`;
    },
  };
}
