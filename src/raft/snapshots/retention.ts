/**
 * How far the log may be cut (N-5, KIP-630): the oldest snapshot goes while there are too many bytes or it is too old,
 * and the log then starts at the end of the next. The first cut of a log drops no snapshot: nothing stands at 0.
 *
 * Kafka keeps one snapshot, this keeps two. A snapshot larger than the limit would otherwise cut the log at its own end
 * each time one is made, and every broker that is a record behind would fetch all of it.
 */
import { isSameSnapshot } from "../log-summary.ts";
import type { Milliseconds, Offset, SnapshotId, StoredSnapshot } from "../messages.ts";

/** Below zero is no limit, as in Kafka. */
export interface RetentionLimits {
  /** `metadata.max.retention.bytes`: of snapshots and log together. */
  readonly retentionBytes: number;
  /** `metadata.max.retention.ms`: the age of the last record of a snapshot. */
  readonly retentionMs: Milliseconds;
}

/** What a replica keeps. */
export interface Retained {
  readonly startOffset: Offset;
  /** The whole ones, oldest first. */
  readonly snapshots: readonly StoredSnapshot[];
  /** Snapshots that a replica is fetching: they stay, and with them all that follow. */
  readonly inUse: readonly SnapshotId[];
  /** Bytes of the log from an offset on, the start or the end of a snapshot. */
  readonly logBytesFrom: (offset: Offset) => number;
}

/** So many snapshots stay, whatever the limits say. */
const SNAPSHOTS_MIN = 2;

/** Where to cut the log; null where it is. */
export function retention(
  { startOffset, snapshots, inUse, logBytesFrom }: Retained,
  limits: RetentionLimits,
  nowMs: Milliseconds,
): Offset | null {
  const isInUse = (snapshot: StoredSnapshot): boolean =>
    inUse.some((id) => isSameSnapshot(id, snapshot));
  let start = startOffset;
  let kept = snapshots;
  for (;;) {
    const [oldest, second] = kept;
    // The oldest stands at the start, unless the log was never cut.
    const isBase = oldest?.endOffset === start;
    const next = isBase ? second : oldest;
    const left = isBase ? kept.slice(1) : kept;
    if (oldest === undefined || next === undefined || left.length < SNAPSHOTS_MIN) break;
    const bytes = logBytesFrom(start) + kept.reduce((sum, { size }) => sum + size, 0);
    const isTooLarge = limits.retentionBytes >= 0 && bytes > limits.retentionBytes;
    const isTooOld = limits.retentionMs >= 0 && nowMs - oldest.timestampMs > limits.retentionMs;
    if (!(isTooLarge || isTooOld) || (isBase && isInUse(oldest))) break;
    start = next.endOffset;
    kept = left;
  }
  return start === startOffset ? null : start;
}
