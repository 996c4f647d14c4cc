/**
 * Only the leader of a partition proposes its ISR (KIP-497): whenever a proposal has changed one, the proposer
 * led the partition in the image just before.
 */
import type { Checker } from "./checker.ts";

export function isrIsTheLeaders(): Checker {
  return {
    name: "isr-is-the-leaders",
    judge(observation) {
      if (observation.kind !== "isr-changed" || observation.proposer === observation.leader)
        return undefined;
      const { key, proposer, leader, endOffset } = observation;
      return `broker ${proposer} changed the ISR of partition ${key} at ${endOffset}, which broker ${leader} led`;
    },
  };
}
