/**
 * When a replica should make a snapshot (KIP-630): after so many bytes of log, or when a record has waited for one for
 * so long.
 */
import type { Milliseconds } from "../messages.ts";

export interface SnapshotLimits {
  /** `metadata.log.max.record.bytes.between.snapshots`. */
  readonly bytesBetweenSnapshots: number;
  /** `metadata.log.max.snapshot.interval.ms`; 0 or less is no limit, as in Kafka. */
  readonly snapshotIntervalMs: Milliseconds;
}

/** What is committed and in no snapshot. */
export interface Uncovered {
  /** Counted from the newest snapshot, also across a restart (KAFKA-14300). */
  readonly bytes: number;
  /** When the oldest such record was written (KAFKA-14307); null when there is none. */
  readonly sinceMs: Milliseconds | null;
}

/**
 * Whether to make one. `rank` is this voter's place among the voters by id: they can share the memory of one isolate,
 * and would otherwise all begin at the same record.
 */
export function isSnapshotDue(
  { bytes, sinceMs }: Uncovered,
  limits: SnapshotLimits,
  at: { readonly nowMs: Milliseconds; readonly rank: number },
): boolean {
  if (sinceMs === null) return false;
  if (bytes >= limits.bytesBetweenSnapshots * (1 + at.rank / 8)) return true;
  return limits.snapshotIntervalMs > 0 && at.nowMs - sinceMs >= limits.snapshotIntervalMs;
}
