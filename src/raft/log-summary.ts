/**
 * What consensus must know of the log without reading it: where it starts and ends, which epoch wrote which part
 * (the epoch cache of KIP-101), and which snapshots stand in for its beginning (KIP-630). The records themselves
 * are the shell's.
 *
 * The epoch cache is what Raft's consistency check becomes when logs are compared by epoch and not record by
 * record. A log is a sequence of runs, each written by the one leader of its epoch. Two logs that hold records
 * of the same epoch got them from the same leader, so one run is a prefix of the other (Raft's log matching,
 * §5.3). To find where two logs part it is therefore enough to compare the ends of runs: a follower names the
 * epoch of its last record, the leader says where that epoch ended in its own log, and each such exchange
 * settles one epoch whatever its length. Before KIP-101 Kafka truncated to the high watermark instead, and lost
 * committed records.
 */
import { assert } from "../std/assert.ts";
import type { Entry, Epoch, LogPosition, Offset, SnapshotId, StoredSnapshot } from "./messages.ts";

/** The first offset an epoch wrote. */
export interface EpochStart {
  readonly epoch: Epoch;
  readonly startOffset: Offset;
}

/** An epoch, and the offset after the last record it wrote. */
export interface EpochEnd {
  readonly epoch: Epoch;
  readonly endOffset: Offset;
}

/**
 * The log as consensus sees it. What may be relied on, and who vouches for it:
 *
 * 1. `startOffset` is 0 or the end of the oldest listed snapshot; the others rise, up to what is committed (I-9):
 *    `check` after every step.
 * 2. Offsets are dense: every one from `startOffset` to `endOffset` lies in exactly one batch. `appendToLog`
 *    asserts that a batch begins where the log ends; `truncateLog` is given batch boundaries only.
 * 3. `epochs` rises strictly in both columns, its last start lies below `endOffset`, and its last epoch is not
 *    above the election state's (I-6, I-16): `appendToLog` by construction, `check` after every step.
 * 4. It is the log on the disk. The core cannot see that: storage rebuilds the summary at boot, and the simulator
 *    compares the two after every step (`summaries-are-true`).
 */
export interface LogSummary {
  /** 0, or the end of the oldest snapshot: what lay below is gone. */
  readonly startOffset: Offset;
  /** Exclusive. */
  readonly endOffset: Offset;
  /** Strictly rising in both columns. The first begins at `startOffset`, also where it reaches further back. */
  readonly epochs: readonly EpochStart[];
  /** The whole ones, oldest first; the one a quorum was formatted with (0, 0) is not listed: it is never served. */
  readonly snapshots: readonly StoredSnapshot[];
}

export const EMPTY_LOG: LogSummary = { startOffset: 0, endOffset: 0, epochs: [], snapshots: [] };

/** The end of the log with the epoch of the last record before it; (0, 0) when there is none. */
export function logEnd(log: LogSummary): LogPosition {
  const last = log.epochs.at(-1)?.epoch ?? log.snapshots.at(-1)?.epoch ?? 0;
  return { offset: log.endOffset, epoch: last };
}

/** The snapshot at the start of a log that was cut; null for one that begins at 0. */
const baseOf = (log: LogSummary): StoredSnapshot | null =>
  log.startOffset === 0 ? null : (log.snapshots[0] ?? null);

/** The epoch of the record before `offset`; 0 where there is none, null outside of the log. */
export function epochBefore(log: LogSummary, offset: Offset): Epoch | null {
  if (offset < log.startOffset || offset > log.endOffset) return null;
  if (offset === log.startOffset) return baseOf(log)?.epoch ?? 0;
  return log.epochs.findLast((start) => start.startOffset < offset)?.epoch ?? null;
}

/**
 * Compares two log ends as elections do: by last epoch, then by length (Raft §5.4.1). Length alone would not
 * do: a deposed leader can have the longest log of all, full of records that were never committed.
 */
export function isUpToDate(theirs: LogPosition, ours: LogPosition): boolean {
  return theirs.epoch > ours.epoch || (theirs.epoch === ours.epoch && theirs.offset >= ours.offset);
}

/** The log with one more batch. Asserts guarantees 1 and 2 of `Entry`; `appendEntry` has asserted the third. */
export function appendToLog(log: LogSummary, entry: Entry): LogSummary {
  const last = logEnd(log);
  assert(
    entry.baseOffset === log.endOffset && entry.lastOffset >= entry.baseOffset,
    `a batch ${entry.baseOffset}..${entry.lastOffset} does not continue at ${log.endOffset}`,
  );
  assert(entry.epoch >= last.epoch, `epoch ${entry.epoch} is written after ${last.epoch}`);
  const known = log.epochs.at(-1)?.epoch === entry.epoch;
  return {
    ...log,
    endOffset: entry.lastOffset + 1,
    epochs: known
      ? log.epochs
      : [...log.epochs, { epoch: entry.epoch, startOffset: entry.baseOffset }],
  };
}

/**
 * The log without everything at or above `offset`, a batch boundary. The epochs that began there go with their
 * records: an epoch that outlived them would vouch for a place in the log that no longer exists.
 */
export function truncateLog(log: LogSummary, offset: Offset): LogSummary {
  assert(
    offset >= log.startOffset && offset <= log.endOffset,
    `cannot truncate to ${offset}: the log is ${log.startOffset}..${log.endOffset}`,
  );
  return {
    ...log,
    endOffset: offset,
    epochs: log.epochs.filter((start) => start.startOffset < offset),
  };
}

/** The log with one more snapshot, the newest. */
export const listSnapshot = (log: LogSummary, snapshot: StoredSnapshot): LogSummary => ({
  ...log,
  snapshots: [...log.snapshots, snapshot],
});

/** The log that a snapshot has replaced: empty, it begins and ends where the snapshot does. */
export const logAfter = (snapshot: StoredSnapshot): LogSummary => ({
  startOffset: snapshot.endOffset,
  endOffset: snapshot.endOffset,
  epochs: [],
  snapshots: [snapshot],
});

/**
 * The log without what lies below `offset`, the end of a listed snapshot. The epoch that reaches across the new start
 * begins there; of a log that is empty from there on no epoch is left, and the snapshot says the last one.
 */
export function cutLog(log: LogSummary, offset: Offset): LogSummary {
  const across = log.epochs.findLast((start) => start.startOffset <= offset);
  const later = log.epochs.filter((start) => start.startOffset > offset);
  const isEmpty = offset === log.endOffset || across === undefined;
  return {
    startOffset: offset,
    endOffset: log.endOffset,
    epochs: isEmpty ? [] : [{ epoch: across.epoch, startOffset: offset }, ...later],
    snapshots: log.snapshots.filter(({ endOffset }) => endOffset >= offset),
  };
}

/**
 * The largest known epoch not above `epoch`, and where it ends. Of an epoch before the first known one only
 * this is certain: nothing of it lies at or beyond the first known start. In a log that was cut, the epoch known
 * before the first is that of the snapshot at its start.
 */
export function endOffsetForEpoch(log: LogSummary, epoch: Epoch): EpochEnd {
  const after = log.epochs.findIndex((start) => start.epoch > epoch);
  const end = log.epochs[after]?.startOffset ?? log.endOffset;
  const known = log.epochs[(after === -1 ? log.epochs.length : after) - 1];
  if (known !== undefined) return { epoch: known.epoch, endOffset: end };
  const base = baseOf(log);
  return base === null
    ? { epoch, endOffset: end }
    : { epoch: base.epoch, endOffset: base.endOffset };
}

/** Whether a follower whose log ends at a given place can go on from there. */
export type Continuation =
  | { readonly kind: "valid" }
  | ({ readonly kind: "diverging" } & EpochEnd)
  | { readonly kind: "snapshot"; readonly id: SnapshotId };

/** Whether two are one snapshot. Its bytes may be others elsewhere (N-8). */
export const isSameSnapshot = (one: SnapshotId, other: SnapshotId): boolean =>
  one.endOffset === other.endOffset && one.epoch === other.epoch;

/** The snapshot of that name, if it is listed. */
export const findSnapshot = (log: LogSummary, id: SnapshotId): StoredSnapshot | undefined =>
  log.snapshots.find((listed) => isSameSnapshot(listed, id));

/** The name of a snapshot, without what else is known of it. */
export const idOf = ({ endOffset, epoch }: SnapshotId): SnapshotId => ({ endOffset, epoch });

/**
 * Judges the end of a follower's log against this one (KIP-595, KIP-630). A snapshot is named where this log cannot say
 * how it goes on: the follower's ends below it, or parts from it below its start. It is always one that the follower's
 * log does not hold, so that SN-1 lets it through.
 */
export function judgeContinuation(log: LogSummary, theirs: LogPosition): Continuation {
  const latest = log.snapshots.at(-1);
  // KAFKA-15078: an empty replica is quicker with a snapshot than with a replay of everything.
  if (theirs.offset === 0 && latest !== undefined) return { kind: "snapshot", id: idOf(latest) };
  if (theirs.offset === 0) return { kind: "valid" };
  const base = baseOf(log);
  if (base !== null && latest !== undefined) {
    const before = theirs.offset < base.endOffset || theirs.epoch < base.epoch;
    const forked = theirs.offset === base.endOffset && theirs.epoch !== base.epoch;
    if (before || forked) return { kind: "snapshot", id: idOf(latest) };
  }
  const end = endOffsetForEpoch(log, theirs.epoch);
  if (end.epoch !== theirs.epoch || end.endOffset < theirs.offset) {
    return { kind: "diverging", ...end };
  }
  return { kind: "valid" };
}

/**
 * Where a follower truncates when its leader says that `diverging` is the nearest epoch it knows, and where
 * that one ends. The result is always a batch boundary of the follower's log: where both know the epoch, one
 * leader wrote both and the shorter ends where a batch of the longer does; where the follower does not, the
 * leader's offset says nothing of its batches, so it keeps its own earlier epochs whole and asks again.
 */
export function divergenceEnd(log: LogSummary, diverging: EpochEnd): Offset {
  const own = endOffsetForEpoch(log, diverging.epoch);
  const isShared = own.epoch === diverging.epoch;
  const end = isShared ? Math.min(own.endOffset, diverging.endOffset) : own.endOffset;
  return Math.max(end, log.startOffset);
}
