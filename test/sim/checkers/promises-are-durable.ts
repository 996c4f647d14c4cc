/**
 * The shell's law and the core's order of effects: whatever a message asserts about its sender is durable
 * when it leaves. A granted vote is stored, a candidate has stored its vote for itself, a leader its
 * election, and a log end that a fetch acknowledges is on storage.
 */
import type { Promise } from "../observation.ts";
import type { Checker } from "./checker.ts";

interface Stored {
  readonly epoch: number;
  readonly leader: number | null;
  readonly voted: string | null;
}

export function promisesAreDurable(): Checker {
  const elections = new Map<string, Stored>();
  return {
    name: "promises-are-durable",
    judge(observation, ghost) {
      if (observation.kind === "durable" && observation.election !== undefined) {
        elections.set(observation.replica, observation.election);
      }
      if (observation.kind !== "promised") return undefined;
      const { replica, promise } = observation;
      const stored = elections.get(replica) ?? { epoch: 0, leader: null, voted: null };
      if (promise.kind === "log") {
        const log = ghost.log(replica);
        // Truncation may have shortened the log since; then its last epoch has moved on as well.
        if (log.end >= promise.endOffset || (log.last?.epoch ?? 0) > promise.lastEpoch)
          return undefined;
        return `replica ${replica} acknowledged ${promise.endOffset}@${promise.lastEpoch}, its durable log ends at ${log.end}`;
      }
      return election(replica, promise, stored);
    },
  };
}

function election(
  replica: string,
  promise: Exclude<Promise, { kind: "log" }>,
  stored: Stored,
): string | undefined {
  // A later epoch in the storage makes the promise an old one, which was judged when it was new.
  if (stored.epoch > promise.epoch) return undefined;
  const storage = `its storage says epoch ${stored.epoch}, leader ${stored.leader}, voted ${stored.voted}`;
  if (stored.epoch < promise.epoch) {
    return `replica ${replica} sent a ${promise.kind} of epoch ${promise.epoch}, ${storage}`;
  }
  const self = replica.split("/")[0] ?? "";
  const kept =
    promise.kind === "vote"
      ? stored.voted === promise.candidate
      : promise.kind === "candidacy"
        ? stored.voted === replica
        : stored.leader === Number(self);
  return kept
    ? undefined
    : `replica ${replica} sent a ${promise.kind} of epoch ${promise.epoch}, ${storage}`;
}
