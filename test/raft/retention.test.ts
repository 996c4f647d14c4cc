/** When a snapshot is due, and which ones stay (KIP-630, N-5). */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { StoredSnapshot } from "../../src/raft/index.ts";
import { isSnapshotDue, retention } from "../../src/raft/index.ts";

const NOW = 1_000_000;

/** Snapshots at 10, 20, 30 …, each a minute older than the next; a record of the log has a byte. */
const snapshots = (sizes: readonly number[]): readonly StoredSnapshot[] =>
  sizes.map((size, at) => ({
    endOffset: (at + 1) * 10,
    epoch: 1,
    size,
    timestampMs: NOW - (sizes.length - at) * 60_000,
  }));

const cut = (
  sizes: readonly number[],
  limits: { readonly bytes?: number; readonly ms?: number },
  at: { readonly start?: number; readonly end?: number; readonly inUse?: readonly number[] } = {},
): number | null => {
  const { start = 10, end = sizes.length * 10, inUse = [] } = at;
  return retention(
    {
      startOffset: start,
      snapshots: snapshots(sizes),
      inUse: inUse.map((endOffset) => ({ endOffset, epoch: 1 })),
      logBytesFrom: (offset) => end - offset,
    },
    { retentionBytes: limits.bytes ?? -1, retentionMs: limits.ms ?? -1 },
    NOW,
  );
};

describe("N-5: the oldest snapshot goes", () => {
  test("while snapshots and log exceed the bytes", () => {
    // 100 + 100 + 100 + 100 of snapshots and 30 of log; each cut takes 110.
    const sizes = [100, 100, 100, 100];
    expect(cut(sizes, { bytes: 430 })).toBeNull();
    expect(cut(sizes, { bytes: 429 })).toBe(20);
    expect(cut(sizes, { bytes: 320 })).toBe(20);
    expect(cut(sizes, { bytes: 319 })).toBe(30);
  });

  test("while it is too old", () => {
    const sizes = [1, 1, 1, 1];
    expect(cut(sizes, { ms: 240_000 })).toBeNull();
    expect(cut(sizes, { ms: 239_999 })).toBe(20);
    expect(cut(sizes, { ms: 170_000 })).toBe(30);
  });

  test("but the newest two stay, whatever the limits say", () => {
    expect(cut([100, 100, 100, 100], { bytes: 0 })).toBe(30);
    expect(cut([100, 100], { bytes: 0, ms: 0 })).toBeNull();
    expect(cut([100], { bytes: 0, ms: 0 })).toBeNull();
    expect(cut([], { bytes: 0, ms: 0 }, { start: 0, end: 99 })).toBeNull();
  });

  test("and one that is being fetched, with all that follow", () => {
    const sizes = [100, 100, 100, 100, 100];
    expect(cut(sizes, { bytes: 0 }, { inUse: [10] })).toBeNull();
    expect(cut(sizes, { bytes: 0 }, { inUse: [20] })).toBe(20);
    expect(cut(sizes, { bytes: 0 }, { inUse: [50] })).toBe(40);
  });

  test("and a first cut drops no snapshot, for none stands at 0", () => {
    expect(cut([100, 100], { bytes: 219 }, { start: 0 })).toBe(10);
    expect(cut([100, 100], { bytes: 220 }, { start: 0 })).toBeNull();
    expect(cut([100, 100], { bytes: 0 }, { start: 0, inUse: [10] })).toBe(10);
    expect(cut([100], { bytes: 0 }, { start: 0 })).toBeNull();
    expect(cut([100, 100, 100], { bytes: 0 }, { start: 0 })).toBe(20);
  });

  test("limits below zero are none", () => {
    expect(cut([1e12, 1e12, 1e12, 1e12], { bytes: -1, ms: -1 })).toBeNull();
  });

  test("after which nothing is left to do", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 8 }),
        fc.integer({ min: -1, max: 300 }),
        fc.integer({ min: -1, max: 600_000 }),
        fc.boolean(),
        (sizes, retentionBytes, retentionMs, wasCut) => {
          const all = snapshots(sizes);
          const limits = { retentionBytes, retentionMs };
          const kept = {
            startOffset: wasCut ? (all[0]?.endOffset ?? 0) : 0,
            snapshots: all,
            inUse: [],
            logBytesFrom: (offset: number) => 100 - offset,
          };
          const startOffset = retention(kept, limits, NOW);
          if (startOffset === null) return;
          expect(startOffset).toBeGreaterThan(kept.startOffset);
          const left = all.filter(({ endOffset }) => endOffset >= startOffset);
          expect(left[0]?.endOffset).toBe(startOffset);
          expect(left.length).toBeGreaterThanOrEqual(2);
          expect(retention({ ...kept, startOffset, snapshots: left }, limits, NOW)).toBeNull();
        },
      ),
    );
  });
});

describe("a snapshot is due", () => {
  const limits = { bytesBetweenSnapshots: 800, snapshotIntervalMs: 3_600_000 };
  const due = (bytes: number, sinceMs: number | null, rank = 0, change = {}): boolean =>
    isSnapshotDue({ bytes, sinceMs }, { ...limits, ...change }, { nowMs: NOW, rank });

  test("after so many bytes, a voter of a higher rank later", () => {
    expect(due(799, NOW)).toBe(false);
    expect(due(800, NOW)).toBe(true);
    expect(due(899, NOW, 1)).toBe(false);
    expect(due(900, NOW, 1)).toBe(true);
    expect(due(999, NOW, 2)).toBe(false);
    expect(due(1_000, NOW, 2)).toBe(true);
  });

  test("when a record has waited for so long, at any rank", () => {
    expect(due(1, NOW - 3_599_999)).toBe(false);
    expect(due(1, NOW - 3_600_000)).toBe(true);
    expect(due(1, NOW - 3_600_000, 2)).toBe(true);
  });

  test("never by time where the interval is off", () => {
    expect(due(1, 0, 0, { snapshotIntervalMs: 0 })).toBe(false);
    expect(due(1, 0, 0, { snapshotIntervalMs: -1 })).toBe(false);
    expect(due(800, 0, 0, { snapshotIntervalMs: 0 })).toBe(true);
  });

  test("never while there is no record that none covers", () => {
    expect(due(0, null)).toBe(false);
    expect(due(800, null)).toBe(false);
  });
});
