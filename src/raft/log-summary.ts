/**
 * What consensus must know of the log without reading it: where it starts and ends, which epoch wrote which
 * part (the epoch cache of KIP-101), and which snapshots stand in for its beginning (KIP-630). The records
 * themselves are the shell's.
 */
import { assert } from "../std/assert.ts";
import type { Entry, Epoch, LogPosition, Offset, SnapshotId } from "./messages.ts";

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

export interface LogSummary {
  /** 0, or the end of the oldest snapshot. */
  readonly startOffset: Offset;
  /** Exclusive. */
  readonly endOffset: Offset;
  /** Strictly rising in both columns. */
  readonly epochs: readonly EpochStart[];
  /** Oldest first; the one a quorum was formatted with (0, 0) is not listed: it is never served. */
  readonly snapshots: readonly SnapshotId[];
}

export const EMPTY_LOG: LogSummary = { startOffset: 0, endOffset: 0, epochs: [], snapshots: [] };

/** The end of the log with the epoch of the last record before it; (0, 0) when there is none. */
export function logEnd(log: LogSummary): LogPosition {
  const last = log.epochs.at(-1)?.epoch ?? log.snapshots.at(-1)?.epoch ?? 0;
  return { offset: log.endOffset, epoch: last };
}

/** Compares two log ends as elections do: by last epoch, then by length (Raft §5.4.1). */
export function isUpToDate(theirs: LogPosition, ours: LogPosition): boolean {
  return theirs.epoch > ours.epoch || (theirs.epoch === ours.epoch && theirs.offset >= ours.offset);
}

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

/**
 * The largest known epoch not above `epoch`, and where it ends. Of an epoch before the first known one only
 * this is certain: nothing of it lies at or beyond the first known start.
 */
export function endOffsetForEpoch(log: LogSummary, epoch: Epoch): EpochEnd {
  const after = log.epochs.findIndex((start) => start.epoch > epoch);
  const end = log.epochs[after]?.startOffset ?? log.endOffset;
  const known = log.epochs[(after === -1 ? log.epochs.length : after) - 1];
  if (known !== undefined) return { epoch: known.epoch, endOffset: end };
  const earliest = log.snapshots[0];
  if (earliest !== undefined) return { epoch: earliest.epoch, endOffset: earliest.endOffset };
  return { epoch, endOffset: end };
}

/** Whether a follower whose log ends at a given place can go on from there. */
export type Continuation =
  | { readonly kind: "valid" }
  | ({ readonly kind: "diverging" } & EpochEnd)
  | { readonly kind: "snapshot"; readonly id: SnapshotId };

/** Judges the end of a follower's log against this one (KIP-595, KIP-630). */
export function judgeContinuation(log: LogSummary, theirs: LogPosition): Continuation {
  const latest = log.snapshots.at(-1);
  // KAFKA-15078: an empty replica is quicker with a snapshot than with a replay of everything.
  if (theirs.offset === 0 && latest !== undefined) return { kind: "snapshot", id: latest };
  if (theirs.offset === 0 && log.startOffset === 0) return { kind: "valid" };
  const earliest = log.snapshots[0];
  if (earliest !== undefined && latest !== undefined) {
    const before = theirs.offset < log.startOffset || theirs.epoch < earliest.epoch;
    const forked = theirs.offset === log.startOffset && theirs.epoch !== earliest.epoch;
    if (before || forked) return { kind: "snapshot", id: latest };
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
