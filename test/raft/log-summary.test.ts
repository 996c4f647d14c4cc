/** The summary of a log against the log itself, searched record by record. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Entry, LogSummary } from "../../src/raft/index.ts";
import {
  EMPTY_LOG,
  appendToLog,
  divergenceEnd,
  endOffsetForEpoch,
  isUpToDate,
  judgeContinuation,
  logEnd,
  truncateLog,
} from "../../src/raft/log-summary.ts";
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

  test("refuses what does not continue the log", () => {
    const log = summarise([dataEntry(0, 2, 3)]);
    expect(() => appendToLog(log, dataEntry(4, 4, 3))).toThrow("does not continue at 3");
    expect(() => appendToLog(log, dataEntry(2, 4, 3))).toThrow("does not continue at 3");
    expect(() => appendToLog(log, dataEntry(3, 3, 2))).toThrow("epoch 2 is written after 3");
    expect(() => truncateLog(log, 4)).toThrow("cannot truncate to 4");
  });
});

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
