/**
 * How leading an epoch begins and ends: what a new leader knows of the others (nothing), what it writes first,
 * and what becomes of the fetches it holds when it leaves.
 *
 * A new leader knows no high watermark either, even if it knew one as a follower (W-4). It is bound by what it
 * knew all the same: `committed` in the state remembers it, and never falls.
 */
import { ImmutableMap, byText } from "../../std/immutable-map.ts";
import { beginQuorumEpochMs, checkQuorumMs } from "../config.ts";
import type { VoterSet } from "../membership/voter-history.ts";
import {
  findVoter,
  latestVoters,
  latestVotersOffset,
  sameKey,
  saysTheSame,
} from "../membership/voter-history.ts";
import { answer } from "../leadership.ts";
import type { ControlRecord, ReplicaId, ReplicaKey } from "../messages.ts";
import { NO_READS } from "../reading/read-requests.ts";
import { fetchError } from "../replication/fetch-reply.ts";
import { noProgress } from "../replication/progress.ts";
import { NO_FETCHES, NO_OBSERVERS } from "../replication/waiting-fetches.ts";
import type { Leader, Role, State } from "../state.ts";
import type { Turn } from "../turn.ts";
import { reply } from "../turn.ts";

/** A leader at its first moment. The log does not yet hold anything of its epoch. */
export function newLeader(state: State): Leader {
  const { config, log, now, voters } = state;
  const others = latestVoters(voters).filter((voter) => !sameKey(voter.key, config.local.key));
  return {
    kind: "leader",
    epochStartOffset: log.endOffset,
    highWatermark: null,
    voters: new Map(others.map((voter) => [voter.key.id, noProgress(voter.key)])),
    observers: ImmutableMap.empty(byText),
    parkedVoters: NO_FETCHES,
    parkedObservers: NO_FETCHES,
    parkedByObserver: NO_OBSERVERS,
    parkedDeadline: Number.POSITIVE_INFINITY,
    checkQuorumDeadline: now + checkQuorumMs(config),
    heard: new Set(),
    // The first BeginQuorumEpoch goes out at once: no other message tells the voters which replica to fetch from.
    beginDeadline: others.length === 0 ? now + beginQuorumEpochMs(config) : now,
    change: null,
    reads: NO_READS,
    activeAt: now,
  };
}

/**
 * What a leader writes first: LeaderChange, the record through which its epoch can commit. The voters follow
 * when the log does not hold them yet (KAFKA-16532: they came with the format) or holds a stale entry of
 * this very leader. The membership is the same either way, so majorities do not change.
 */
export function firstRecords(
  state: State,
  grantingVoters: readonly ReplicaId[],
): readonly ControlRecord[] {
  const { config, voters: history } = state;
  const voters = latestVoters(history);
  const change: ControlRecord = {
    kind: "leader-change",
    leaderId: config.local.key.id,
    voters: voters.map((voter) => voter.key.id),
    grantingVoters,
  };
  if (latestVotersOffset(history) >= 0 && !isOwnEntryStale(state)) return [change];
  return [
    change,
    { kind: "kraft-version", version: 1 },
    { kind: "kraft-voters", voters: withOwnEntry(state) },
  ];
}

function isOwnEntryStale(state: State): boolean {
  const { local } = state.config;
  const entry = findVoter(latestVoters(state.voters), local.key.id);
  return entry !== null && sameKey(entry.key, local.key) && !saysTheSame(entry, local);
}

const withOwnEntry = (state: State): VoterSet =>
  latestVoters(state.voters).map((voter) =>
    sameKey(voter.key, state.config.local.key) ? state.config.local : voter,
  );

/** The voter with the longest log should stand first. Unknown ends come last; ties go to the smaller id. */
export function successors(role: Role, others: readonly ReplicaKey[]): readonly ReplicaKey[] {
  const endOf = (key: ReplicaKey): number => {
    const progress = role.kind === "leader" ? role.voters.get(key.id) : undefined;
    return progress === undefined || progress.rolledBack ? -1 : (progress.endOffset ?? -1);
  };
  return others.toSorted((left, right) => endOf(right) - endOf(left) || left.id - right.id);
}

/**
 * Nothing will complete what waits here any more: its senders must look for the new leader (F-7). A change of the voter
 * set that was appended may be committed yet (M-6).
 */
export function failWaiting(turn: Turn, left: Leader): void {
  const response = fetchError(turn.state, "NOT_LEADER_OR_FOLLOWER");
  for (const request of left.parkedVoters.keys()) reply(turn, request, response);
  for (const request of left.parkedObservers.keys()) reply(turn, request, response);
  const { change } = left;
  if (change === null || change.request === null) return;
  const error = "NOT_LEADER_OR_FOLLOWER";
  const message = "The leader of the quorum has changed.";
  reply(turn, change.request, { api: change.api, ...answer(turn.state, error), message });
}
