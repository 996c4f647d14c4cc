/**
 * A broker is served committed batches alone, each where the committed log has it, in order and without a
 * gap, and never beyond the high watermark that comes with them.
 */
import type { Checker } from "./checker.ts";

export function brokersSeeOnlyCommitted(): Checker {
  return {
    name: "brokers-see-only-committed",
    judge(observation, ghost) {
      if (observation.kind !== "served") return undefined;
      const { broker, from, entries, highWatermark } = observation;
      if (highWatermark > ghost.committed.end) {
        return `broker ${broker} was told ${highWatermark} is committed, no leader has shown more than ${ghost.committed.end}`;
      }
      let end = from;
      for (const entry of entries) {
        if (entry.baseOffset !== end)
          return `broker ${broker} was served ${entry.baseOffset}@${entry.epoch}, its log ends at ${end}`;
        end = entry.lastOffset + 1;
        const committed = ghost.committed.entryWith(entry.lastOffset);
        if (entry.lastOffset >= highWatermark) {
          return `broker ${broker} was served ${entry.lastOffset}@${entry.epoch}, beyond the high watermark ${highWatermark}`;
        }
        if (committed?.fingerprint !== entry.fingerprint || committed.epoch !== entry.epoch) {
          return `broker ${broker} was served ${entry.lastOffset}@${entry.epoch}, which is not in the committed log`;
        }
      }
      return undefined;
    },
  };
}
