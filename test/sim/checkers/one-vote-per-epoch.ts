/**
 * A replica votes for at most one candidate in an epoch, over its whole life: in what it stores and in what
 * it tells candidates.
 */
import type { Checker } from "./checker.ts";

export function oneVotePerEpoch(): Checker {
  const votes = new Map<string, string>();
  const vote = (replica: string, epoch: number, candidate: string): string | undefined => {
    const ballot = `${replica}@${epoch}`;
    const before = votes.get(ballot);
    votes.set(ballot, candidate);
    if (before === undefined || before === candidate) return undefined;
    return `replica ${replica} voted in epoch ${epoch} for ${before} and for ${candidate}`;
  };
  return {
    name: "one-vote-per-epoch",
    judge(observation) {
      if (observation.kind === "durable" && observation.election?.voted != null) {
        return vote(observation.replica, observation.election.epoch, observation.election.voted);
      }
      if (observation.kind === "promised" && observation.promise.kind === "vote") {
        return vote(observation.replica, observation.promise.epoch, observation.promise.candidate);
      }
      return undefined;
    },
  };
}
