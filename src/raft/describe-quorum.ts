/**
 * DescribeQuorum (KIP-595, KIP-836, KIP-853): how far every voter and observer has come. A pure reading of the
 * state, so that looking neither wakes a replica nor changes it.
 */
import { answer } from "./leadership.ts";
import { latestVoters, sameKey } from "./membership/voter-history.ts";
import type { Answer, Milliseconds, Offset, ReplicaKey, Voter } from "./messages.ts";
import { liveObservers } from "./replication/leading.ts";
import type { Leader, ReplicaProgress, State } from "./state.ts";
import { timeAt } from "./time.ts";

/** One replica's line in DescribeQuorum. Times are null (-1 on the wire) before its first fetch. */
export interface ReplicaStatus {
  readonly key: ReplicaKey;
  /** Null (-1) while unknown. */
  readonly logEndOffset: Offset | null;
  readonly lastFetchAt: Milliseconds | null;
  readonly lastCaughtUpAt: Milliseconds | null;
}

/** DescribeQuorum, v0-v2. Only the leader knows; others answer NOT_LEADER_OR_FOLLOWER and empty lists. */
export interface QuorumDescription extends Answer {
  readonly highWatermark: Offset | null;
  readonly currentVoters: readonly ReplicaStatus[];
  /** Those that fetched within the last five minutes. */
  readonly observers: readonly ReplicaStatus[];
  /** The voters with all their listeners (Nodes of v2). */
  readonly nodes: readonly Voter[];
}

/**
 * What the leader knows; any other replica answers NOT_LEADER_OR_FOLLOWER. The leader is always up to date
 * itself. Times are told by the caller's clock, `now`: the replica's own need not agree with any.
 */
export function describeQuorum(state: State, now: Milliseconds): QuorumDescription {
  const { role, voters } = state;
  if (role.kind !== "leader") {
    return {
      ...answer(state, "NOT_LEADER_OR_FOLLOWER"),
      highWatermark: null,
      currentVoters: [],
      observers: [],
      nodes: [],
    };
  }
  return {
    ...answer(state, "NONE"),
    highWatermark: role.highWatermark,
    currentVoters: voterStatuses(state, role, now),
    observers: liveObservers(role, timeAt(state, now))
      .map((progress) => statusOf(progress, clockAhead(state, now)))
      .toSorted((left, right) => left.key.id - right.key.id),
    nodes: latestVoters(voters),
  };
}

function voterStatuses(state: State, role: Leader, now: Milliseconds): readonly ReplicaStatus[] {
  const { config, log, voters } = state;
  return latestVoters(voters).map(({ key }): ReplicaStatus => {
    if (sameKey(key, config.local.key)) {
      return { key, logEndOffset: log.endOffset, lastFetchAt: now, lastCaughtUpAt: now };
    }
    const progress = role.voters.get(key.id);
    return progress === undefined
      ? { key, logEndOffset: null, lastFetchAt: null, lastCaughtUpAt: null }
      : statusOf(progress, clockAhead(state, now));
  });
}

/** By how much the caller's clock is ahead of the replica's own time. */
const clockAhead = (state: State, now: Milliseconds): Milliseconds => now - timeAt(state, now);

function statusOf(progress: ReplicaProgress, ahead: Milliseconds): ReplicaStatus {
  const { key, endOffset, lastFetchAt, lastCaughtUpAt } = progress;
  return {
    key,
    logEndOffset: endOffset,
    lastFetchAt: lastFetchAt === null ? null : lastFetchAt + ahead,
    lastCaughtUpAt: lastCaughtUpAt === null ? null : lastCaughtUpAt + ahead,
  };
}
