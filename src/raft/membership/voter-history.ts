/**
 * The voter set, and its history in the log (KIP-853). A replica always goes by the newest set in its own log,
 * committed or not; if that record is truncated away, the set before it counts again (M-1).
 *
 * Why uncommitted sets count: the record that changes the set must itself be committed by some majority. Were
 * it the old one's until the commit, replicas that have heard of the commit and replicas that have not would
 * count differently, and two majorities need not overlap. Counting from the append on, each replica decides by
 * its log alone, and consecutive sets that differ by one member keep an overlap (Ongaro's dissertation, §4.1).
 */
import type { Offset, ReplicaId, ReplicaKey, Voter } from "../messages.ts";

/** Voters by rising id; at most one of an id. Empty on a node that has yet to learn of its quorum. */
export type VoterSet = readonly Voter[];

/** Sorts voters into a set; null when two of them share an id or an id is negative. */
export function voterSet(voters: readonly Voter[]): VoterSet | null {
  const sorted = voters.toSorted((left, right) => left.key.id - right.key.id);
  const distinct = sorted.every((voter, at) => voter.key.id !== sorted[at - 1]?.key.id);
  return distinct && sorted.every((voter) => voter.key.id >= 0) ? sorted : null;
}

export const findVoter = (voters: VoterSet, id: ReplicaId): Voter | null =>
  voters.find((voter) => voter.key.id === id) ?? null;

export const sameKey = (left: ReplicaKey, right: ReplicaKey): boolean =>
  left.id === right.id && left.directoryId === right.directoryId;

/** Whether two entries of one replica list the same endpoints and versions. */
export const saysTheSame = (left: Voter, right: Voter): boolean =>
  left.kraftVersions.min === right.kraftVersions.min &&
  left.kraftVersions.max === right.kraftVersions.max &&
  left.endpoints.length === right.endpoints.length &&
  left.endpoints.every((endpoint, at) => {
    const other = right.endpoints[at];
    if (endpoint.name !== other?.name) return false;
    return endpoint.host === other.host && endpoint.port === other.port;
  });

/** Whether this very replica, node and directory, is a member. */
export const hasVoter = (voters: VoterSet, key: ReplicaKey): boolean =>
  voters.some((voter) => sameKey(voter.key, key));

/**
 * Every set that the log holds, oldest first, over the one the quorum was formatted with. What may be relied on:
 *
 * 1. Each set is sorted by id, has no id twice and is not empty, except a bootstrap set that is still unknown:
 *    `voterSet` makes them, and `appendEntry` asserts it.
 * 2. Offsets rise strictly and lie below the end of the log: sets are recorded and truncated with their batches,
 *    in the same assignment (`appendEntry`, `truncateTo`).
 * 3. Where `records` is not empty, the bootstrap set does not count (S-3): formatting is how a quorum begins,
 *    and the log is what it has agreed on since.
 */
export interface VoterHistory {
  readonly bootstrap: VoterSet;
  /** At which offset a KRaftVoters record lies, strictly rising, and what it says. */
  readonly records: readonly VotersRecord[];
}

export interface VotersRecord {
  readonly offset: Offset;
  readonly voters: VoterSet;
}

export const latestVoters = (history: VoterHistory): VoterSet =>
  history.records.at(-1)?.voters ?? history.bootstrap;

/** Where the newest set was written; -1 while only the bootstrap set is known. */
export const latestVotersOffset = (history: VoterHistory): Offset =>
  history.records.at(-1)?.offset ?? -1;

/**
 * The set that counted when the log ended at `offset`: what a snapshot that ends there says in its header (N-3). The
 * newest one may not be committed yet.
 */
export const votersAt = (history: VoterHistory, offset: Offset): VoterSet =>
  history.records.findLast((record) => record.offset < offset)?.voters ?? history.bootstrap;

export const recordVoters = (history: VoterHistory, record: VotersRecord): VoterHistory => ({
  ...history,
  records: [...history.records, record],
});

/** Forgets the sets at or above `offset`: the log has been truncated there. */
export function truncateVoters(history: VoterHistory, offset: Offset): VoterHistory {
  const records = history.records.filter((record) => record.offset < offset);
  return records.length === history.records.length ? history : { ...history, records };
}

/**
 * The history of a log that was cut at `offset`, where a snapshot ends: the set in its header stands at its last
 * offset, as a boot would find it, and those above are in the log still.
 */
export function cutVoters(history: VoterHistory, offset: Offset): VoterHistory {
  const voters = votersAt(history, offset);
  const above = history.records.filter((record) => record.offset >= offset);
  // Unknown to who observes a quorum whose voters are configured, and not in its log (kraft.version 0).
  const below = voters.length === 0 ? [] : [{ offset: offset - 1, voters }];
  return { ...history, records: [...below, ...above] };
}
