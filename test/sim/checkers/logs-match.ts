/**
 * Log matching: if two durable logs hold a batch with the same last offset and epoch, they are equal up to
 * there. Held by a fingerprint of the whole prefix per (offset, epoch), over the full history. Offsets of
 * one log continue without a gap, and epochs in it never fall.
 */
import type { Checker } from "./checker.ts";

export function logsMatch(): Checker {
  const chains = new Map<string, number>();
  return {
    name: "logs-match",
    judge(observation, ghost) {
      if (observation.kind !== "durable") return undefined;
      const { replica } = observation;
      const log = ghost.log(replica);
      let end = ghost.addedAt;
      let epoch = log.epochAt(end) ?? 0;
      for (const entry of ghost.added) {
        if (entry.baseOffset !== end) {
          return `replica ${replica} appended ${entry.baseOffset}@${entry.epoch} to a log that ended at ${end}`;
        }
        if (entry.epoch < epoch || entry.lastOffset < entry.baseOffset) {
          return `replica ${replica} appended epoch ${entry.epoch} after epoch ${epoch}`;
        }
        const place = `${entry.lastOffset}@${entry.epoch}`;
        const known = chains.get(place);
        if (known === undefined) chains.set(place, entry.chain);
        else if (known !== entry.chain)
          return `replica ${replica} holds another log below ${place}`;
        end = entry.lastOffset + 1;
        epoch = entry.epoch;
      }
      return undefined;
    },
  };
}
