/**
 * A client that was told "done" is told the truth: its record is in the committed log, at the place it was
 * given. Since the committed log only grows (`committed-is-kept`), it is there for good.
 */
import type { Checker } from "./checker.ts";

export function acknowledgedIsCommitted(): Checker {
  return {
    name: "acknowledged-is-committed",
    judge(observation, ghost) {
      if (observation.kind !== "acknowledged") return undefined;
      const { operation, lastOffset, epoch, fingerprint } = observation;
      const entry = ghost.committed.entryWith(lastOffset);
      const place = lastOffset - (entry?.baseOffset ?? 0);
      const found = entry?.records?.[place] ?? entry?.fingerprint;
      if (found === fingerprint && entry?.epoch === epoch) return undefined;
      return `operation ${operation} was acknowledged at ${lastOffset}@${epoch}, and the committed log ${
        entry === undefined
          ? `ends at ${ghost.committed.end}`
          : `holds another record there, of epoch ${entry.epoch}`
      }`;
    },
  };
}
