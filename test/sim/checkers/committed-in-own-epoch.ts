/**
 * A leader first commits a record of its own epoch (Raft 5.4.2, "figure 8"; KAFKA-12619): the batch below a
 * high watermark that a leader newly shows is one that it appended itself in this epoch.
 */
import type { Checker } from "./checker.ts";

export function committedInOwnEpoch(): Checker {
  const shown = new Map<string, number>();
  return {
    name: "committed-in-own-epoch",
    judge(observation, ghost) {
      if (observation.kind !== "shown" || observation.role !== "leader") return undefined;
      const { replica, epoch, highWatermark } = observation;
      if (highWatermark === null || shown.get(replica) === highWatermark) return undefined;
      shown.set(replica, highWatermark);
      const written = ghost.log(replica).epochAt(highWatermark);
      if (written === undefined || written === epoch) return undefined;
      return `leader ${replica} of epoch ${epoch} shows ${highWatermark} as committed, and the batch that ends there is of epoch ${written}`;
    },
  };
}
