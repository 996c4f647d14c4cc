/** The summary of a log against the log itself, searched record by record. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Entry, LogSummary, StoredSnapshot } from "../../src/raft/index.ts";
import {
  EMPTY_LOG,
  appendToLog,
  cutLog,
  divergenceEnd,
  endOffsetForEpoch,
  epochBefore,
  isUpToDate,
  judgeContinuation,
  listSnapshot,
  logAfter,
  logEnd,
  truncateLog,
} from "../../src/raft/log-summary.ts";
import { isInstallable } from "../../src/raft/snapshots/fetching.ts";
import { dataEntry } from "./quorum-driver.ts";

/** A log of batches with rising epochs. */
const entries = fc
  .array(
    fc.record({ rise: fc.integer({ min: 0, max: 2 }), count: fc.integer({ min: 1, max: 3 }) }),
    {
      maxLength: 12,
    },
  )
  .map((steps) => {
    const log: Entry[] = [];
    let epoch = 1;
    for (const { rise, count } of steps) {
      epoch += rise;
      const base = (log.at(-1)?.lastOffset ?? -1) + 1;
      log.push(dataEntry(base, base + count - 1, epoch));
    }
    return log;
  });

const summarise = (log: readonly Entry[]): LogSummary => {
  let summary = EMPTY_LOG;
  for (const entry of log) summary = appendToLog(summary, entry);
  return summary;
};

/** Where batches begin and end. */
const boundariesOf = (log: readonly Entry[]): readonly number[] => [
  0,
  ...log.map(({ lastOffset }) => lastOffset + 1),
];

const snapshotAt = (log: readonly Entry[], endOffset: number): StoredSnapshot => {
  const epoch = log.findLast(({ lastOffset }) => lastOffset < endOffset)?.epoch ?? 0;
  return { endOffset, epoch, size: 100, timestampMs: 0 };
};

/** A log that was cut at `start`, with its newest snapshot at `latest`; 0 for none. */
const cutAt = (log: readonly Entry[], start: number, latest: number): LogSummary => {
  let summary = summarise(log);
  if (start > 0) summary = listSnapshot(summary, snapshotAt(log, start));
  if (latest > start) summary = listSnapshot(summary, snapshotAt(log, latest));
  return start > 0 ? cutLog(summary, start) : summary;
};

/** The epoch of every record, in order. */
const epochsOf = (log: readonly Entry[]): readonly number[] =>
  log.flatMap((entry) =>
    Array.from({ length: entry.lastOffset - entry.baseOffset + 1 }, () => entry.epoch),
  );

describe("the epoch cache", () => {
  test("knows the end of the log", () => {
    fc.assert(
      fc.property(entries, (log) => {
        const epochs = epochsOf(log);
        expect(logEnd(summarise(log))).toEqual({
          offset: epochs.length,
          epoch: epochs.at(-1) ?? 0,
        });
      }),
    );
  });

  test("finds the largest epoch not above a given one, and where it ends", () => {
    fc.assert(
      fc.property(entries, fc.integer({ min: 0, max: 30 }), (log, epoch) => {
        const epochs = epochsOf(log);
        const after = epochs.findIndex((written) => written > epoch);
        const endOffset = after === -1 ? epochs.length : after;
        const largest = epochs[endOffset - 1] ?? epoch;
        expect(endOffsetForEpoch(summarise(log), epoch)).toEqual({ epoch: largest, endOffset });
      }),
    );
  });

  test("is after a truncation what it was before the truncated batches", () => {
    fc.assert(
      fc.property(entries, fc.nat(), (log, pick) => {
        const kept = log.slice(0, log.length === 0 ? 0 : pick % (log.length + 1));
        const offset = (kept.at(-1)?.lastOffset ?? -1) + 1;
        expect(truncateLog(summarise(log), offset)).toEqual(summarise(kept));
      }),
    );
  });

  test("knows the epoch before every offset, also of a log that was cut anywhere", () => {
    fc.assert(
      fc.property(entries, (log) => {
        const epochs = epochsOf(log);
        for (const start of boundariesOf(log)) {
          const cut = cutAt(log, start, start);
          for (let offset = 0; offset <= epochs.length + 1; offset += 1) {
            const isThere = offset >= start && offset <= epochs.length;
            const expected = isThere ? (epochs[offset - 1] ?? 0) : null;
            expect(epochBefore(cut, offset)).toBe(expected);
          }
          expect(logEnd(cut)).toEqual(logEnd(summarise(log)));
        }
      }),
    );
  });

  test("of a log that was cut is that of its rest, the epoch that reaches across included", () => {
    fc.assert(
      fc.property(entries, (log) => {
        for (const start of boundariesOf(log).slice(1)) {
          const rest = log.filter(({ baseOffset }) => baseOffset >= start);
          let expected = logAfter(snapshotAt(log, start));
          for (const entry of rest) expected = appendToLog(expected, entry);
          expect(cutAt(log, start, start)).toEqual(expected);
          for (let epoch = 0; epoch <= 30; epoch += 1) {
            const known = epochsOf(log).filter((written) => written <= epoch);
            if (epoch < (epochBefore(expected, start) ?? 0)) continue;
            const end = { epoch: known.at(-1), endOffset: known.length };
            expect(endOffsetForEpoch(expected, epoch)).toEqual(end);
          }
        }
      }),
    );
  });

  test("refuses what does not continue the log", () => {
    const log = summarise([dataEntry(0, 2, 3)]);
    expect(() => appendToLog(log, dataEntry(4, 4, 3))).toThrow("does not continue at 3");
    expect(() => appendToLog(log, dataEntry(2, 4, 3))).toThrow("does not continue at 3");
    expect(() => appendToLog(log, dataEntry(3, 3, 2))).toThrow("epoch 2 is written after 3");
    expect(() => truncateLog(log, 4)).toThrow("cannot truncate to 4");
  });
});

/** How many batches two logs share. */
const sharedBy = (one: readonly Entry[], other: readonly Entry[]): number => {
  const parted = one.findIndex(
    ({ lastOffset, epoch }, at) =>
      other[at]?.lastOffset !== lastOffset || other[at].epoch !== epoch,
  );
  return parted === -1 ? one.length : parted;
};

/**
 * What a follower's log stands for when it can go on, after it has truncated or installed as it would. Its own log was
 * cut at `start`.
 */
const follow = (
  leader: LogSummary,
  ours: readonly Entry[],
  theirs: readonly Entry[],
  start: number,
): readonly Entry[] => {
  let held = theirs;
  let summary = cutAt(theirs, start, start);
  for (let round = 0; round <= theirs.length + 2; round += 1) {
    const verdict = judgeContinuation(leader, logEnd(summary));
    if (verdict.kind === "valid") return held;
    if (verdict.kind === "snapshot") {
      const { id } = verdict;
      const committed = summary.startOffset === 0 ? null : summary.startOffset;
      const election = { epoch: 99, leaderId: 1, votedKey: null };
      expect(isInstallable({ log: summary, committed, election }, id)).toBe(true);
      summary = logAfter({ ...id, size: 100, timestampMs: 0 });
      held = ours.filter(({ baseOffset }) => baseOffset < id.endOffset);
      continue;
    }
    const end = divergenceEnd(summary, verdict);
    expect(end).toBeLessThan(summary.endOffset);
    held = held.filter(({ baseOffset }) => baseOffset < end);
    expect((held.at(-1)?.lastOffset ?? -1) + 1).toBe(end);
    summary = truncateLog(summary, end);
  }
  throw new Error("the logs never agree");
};

describe("F-3: whether a follower may go on", () => {
  test("it may exactly where its log is a prefix of ours", () => {
    fc.assert(
      fc.property(entries, fc.nat({ max: 40 }), fc.nat({ max: 26 }), (log, offset, epoch) => {
        const epochs = epochsOf(log);
        const isPrefix = offset === 0 || epochs[offset - 1] === epoch;
        // A record of that epoch may also have been ours: then the follower's last one is missing here.
        const verdict = judgeContinuation(summarise(log), { offset, epoch });
        if (isPrefix) expect(verdict).toEqual({ kind: "valid" });
        if (verdict.kind === "valid" && offset > 0) {
          expect(offset).toBeLessThanOrEqual(epochs.lastIndexOf(epoch) + 1);
          expect(epochs).toContain(epoch);
        }
      }),
    );
  });

  /** One log per epoch: what its leader found, up to some batch, and what it wrote. */
  const histories = fc
    .array(
      fc.record({
        parent: fc.nat(),
        inherited: fc.nat(),
        batches: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
      }),
      { minLength: 2, maxLength: 8 },
    )
    .map((leaders) => {
      const logs: Entry[][] = [];
      for (const [at, { parent, inherited, batches }] of leaders.entries()) {
        const found = logs[parent % Math.max(1, at)] ?? [];
        const log = found.slice(0, inherited % (found.length + 1));
        for (const count of batches) {
          const base = (log.at(-1)?.lastOffset ?? -1) + 1;
          log.push(dataEntry(base, base + count - 1, at + 1));
        }
        logs.push(log);
      }
      return logs;
    });

  test("truncating as told ends in a common prefix, batch by batch, in at most one round an epoch", () => {
    fc.assert(
      fc.property(histories, fc.nat(), fc.nat(), (logs, pick, length) => {
        const ours = logs.at(-1) ?? [];
        const theirs = logs[pick % logs.length] ?? [];
        const leader = summarise(ours);
        let held = theirs.slice(0, length % (theirs.length + 1));
        const rounds = logs.length + 1;
        for (let round = 0; round <= rounds; round += 1) {
          const follower = summarise(held);
          const verdict = judgeContinuation(leader, logEnd(follower));
          if (verdict.kind === "valid") {
            expect(held).toEqual(ours.slice(0, held.length));
            return;
          }
          if (verdict.kind === "snapshot") throw new Error("there are no snapshots here");
          const end = divergenceEnd(follower, verdict);
          held = held.filter(({ baseOffset }) => baseOffset < end);
          // Neither in the middle of a batch, nor nowhere.
          expect((held.at(-1)?.lastOffset ?? -1) + 1).toBe(end);
          expect(end).toBeLessThan(follower.endOffset);
        }
        throw new Error("the logs never agree");
      }),
      { numRuns: 2_000 },
    );
  });

  test("wherever both logs were cut, a follower ends with a prefix of its leader's, and loses nothing that both had", () => {
    fc.assert(
      fc.property(histories, (logs) => {
        const ours = logs.at(-1) ?? [];
        for (const theirs of logs) {
          const shared = sharedBy(theirs, ours);
          for (const start of boundariesOf(ours)) {
            for (const latest of boundariesOf(ours).filter((end) => end >= start)) {
              const leader = cutAt(ours, start, latest);
              // A follower's log was cut where it is committed, which both have.
              for (const own of boundariesOf(theirs.slice(0, shared))) {
                const held = follow(leader, ours, theirs, own);
                expect(sharedBy(held, ours)).toBe(held.length);
                expect(held.length).toBeGreaterThanOrEqual(shared);
              }
            }
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  describe("with snapshots", () => {
    const log: LogSummary = {
      startOffset: 10,
      endOffset: 20,
      epochs: [
        { epoch: 3, startOffset: 10 },
        { epoch: 5, startOffset: 15 },
      ],
      snapshots: [
        { endOffset: 10, epoch: 2, size: 100, timestampMs: 0 },
        { endOffset: 14, epoch: 3, size: 100, timestampMs: 0 },
      ],
    };
    const snapshot = { kind: "snapshot", id: { endOffset: 14, epoch: 3 } };
    test.each([
      ["an empty replica gets the latest snapshot (KAFKA-15078)", 0, 0, snapshot],
      ["one that ends before the log does, too", 9, 2, snapshot],
      ["one that ends where the log begins may go on", 10, 2, { kind: "valid" }],
      ["unless its last epoch is another", 10, 3, snapshot],
      ["one with an epoch before the earliest snapshot's gets the snapshot", 12, 1, snapshot],
      ["one within the log may go on", 12, 3, { kind: "valid" }],
      [
        "one that strayed hears where its epoch ended",
        17,
        3,
        { kind: "diverging", epoch: 3, endOffset: 15 },
      ],
      [
        "one of an unknown epoch hears of the one before",
        17,
        4,
        { kind: "diverging", epoch: 3, endOffset: 15 },
      ],
      [
        "one of the snapshot's own epoch hears where that ended",
        12,
        2,
        { kind: "diverging", epoch: 2, endOffset: 10 },
      ],
    ])("%s", (_name, offset, epoch, verdict) => {
      expect(judgeContinuation(log, { offset, epoch })).toEqual(verdict);
    });
  });
});

describe("V-4: which log is up to date", () => {
  test.each([
    ["a later epoch beats any length", { offset: 1, epoch: 4 }, { offset: 9, epoch: 3 }, true],
    [
      "an earlier epoch loses at any length",
      { offset: 9, epoch: 3 },
      { offset: 1, epoch: 4 },
      false,
    ],
    ["in the same epoch the longer wins", { offset: 9, epoch: 3 }, { offset: 8, epoch: 3 }, true],
    ["and the shorter loses", { offset: 7, epoch: 3 }, { offset: 8, epoch: 3 }, false],
    ["an equal log is good enough", { offset: 8, epoch: 3 }, { offset: 8, epoch: 3 }, true],
  ])("%s", (_name, theirs, ours, verdict) => {
    expect(isUpToDate(theirs, ours)).toBe(verdict);
  });
});
