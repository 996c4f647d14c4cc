/**
 * The shell's law and the core's order of effects: whatever a message asserts about its sender is durable
 * when it leaves. A granted vote is stored, a candidate has stored its vote for itself, a leader its
 * election, and a log end that a fetch acknowledges is on storage. It stays there: no snapshot takes the place of
 * records that were acknowledged and are not in it, unless they belong to a dead branch (SN-1).
 */
import type { Promise } from "../observation.ts";
import type { Checker } from "./checker.ts";
import type { Ghost } from "./ghost.ts";

interface Stored {
  readonly epoch: number;
  readonly leader: number | null;
  readonly voted: string | null;
}

export function promisesAreDurable(): Checker {
  const elections = new Map<string, Stored>();
  const acknowledged = new Map<string, LogPromise>();
  return {
    name: "promises-are-durable",
    judge(observation, ghost) {
      if (observation.kind === "durable" && observation.election !== undefined) {
        elections.set(observation.replica, observation.election);
      }
      if (observation.kind === "durable" && observation.installed !== undefined) {
        const complaint = takenBack(observation.replica, acknowledged, ghost);
        if (complaint !== undefined) return complaint;
      }
      if (observation.kind !== "promised") return undefined;
      const { replica, promise } = observation;
      if (promise.kind === "log") acknowledged.set(replica, promise);
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

type LogPromise = Extract<Promise, { kind: "log" }>;

/** What the replica acknowledged last must still be there, or in the snapshot, after that has replaced its log. */
function takenBack(
  replica: string,
  acknowledged: ReadonlyMap<string, LogPromise>,
  ghost: Ghost,
): string | undefined {
  const promise = acknowledged.get(replica);
  if (promise === undefined || ghost.hasLost(replica)) return undefined;
  const { end } = ghost.log(replica);
  const epoch = ghost.log(replica).epochAt(end) ?? 0;
  // Of a later epoch: then what it had beyond is of a branch that was never committed.
  if (promise.endOffset <= end || epoch > promise.lastEpoch) return undefined;
  return `replica ${replica} acknowledged ${promise.endOffset}@${promise.lastEpoch}, and its log was replaced by a snapshot at ${end}@${epoch}`;
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
