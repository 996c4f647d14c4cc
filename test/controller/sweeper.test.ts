/**
 * What the stores no longer show is removed while the replica goes on: so many rows in one event, in as many events as
 * it takes, and none after that.
 */
import { expect, test } from "vitest";
import { Sweeper } from "../../durable-objects/replica/sweeper.ts";
import { EMPTY_LOG } from "../../src/raft/index.ts";
import { Disk } from "../sim/disk.ts";

/** A sweeper over a disk, with its timers at hand and what it has reported. */
class Bench {
  readonly disk = new Disk();
  readonly failures: unknown[] = [];
  /** Transactions of the sweeper so far. */
  slices = 0;
  readonly sweeper: Sweeper;
  #timers: (() => void)[] = [];

  constructor() {
    const { disk } = this;
    const transaction = (write: () => void): void => {
      this.slices += 1;
      disk.transaction(write);
    };
    const timers = {
      set: (delayMs: number, run: () => void) => {
        expect(delayMs).toBe(0);
        this.#timers.push(run);
        return () => (this.#timers = this.#timers.filter((other) => other !== run));
      },
    };
    this.sweeper = new Sweeper(
      {
        disk: { transaction, whenDurable: (then) => then() },
        log: disk.log,
        snapshots: disk.snapshots,
        timers,
      },
      (cause) => this.failures.push(cause),
    );
  }

  /** Runs the next event; false when none is to come. */
  next(): boolean {
    const run = this.#timers.shift();
    run?.();
    return run !== undefined;
  }

  /** A log of so many batches, none of which is there any more, and a dropped snapshot of so many chunks. */
  litter(batches: number, chunks: number): void {
    const { disk } = this;
    disk.transaction(() => {
      for (let at = 0; at < batches; at += 1) {
        const baseOffset = disk.log.endOffset();
        const bytes = Uint8Array.of(1);
        disk.log.append({ baseOffset, lastOffset: baseOffset, epoch: 1, control: false, bytes });
      }
      disk.log.moveStart(disk.log.endOffset());
      disk.snapshots.begin("made", { endOffset: 1, epoch: 1 });
      for (let at = 0; at < chunks; at += 1) disk.snapshots.append("made", Uint8Array.of(1));
      disk.snapshots.abandon("made");
    });
  }

  get isClean(): boolean {
    let isClean = false;
    this.disk.transaction(() => {
      isClean = this.disk.log.sweep(0) && this.disk.snapshots.sweep(0);
    });
    return isClean;
  }
}

test("a boot sweeps what is left, and each event a bounded number of rows", () => {
  const bench = new Bench();
  bench.litter(2_500, 1_500);
  bench.sweeper.follow(EMPTY_LOG);
  const clean: boolean[] = [];
  while (bench.next()) clean.push(bench.isClean);
  // 1,000 batches, 1,000, 500 with 1,000 chunks, and 500 chunks with their snapshot.
  expect(clean).toEqual([false, false, false, true]);
  expect(bench.slices).toBe(4);
});

test("sweeps again when the log was cut or its snapshots are others, and else not", () => {
  const bench = new Bench();
  let log = EMPTY_LOG;
  bench.sweeper.follow(log);
  bench.next();
  const snapshot = { endOffset: 5, epoch: 1, size: 1, timestampMs: 0 };
  for (const [change, sweeps] of [
    [{ endOffset: 9 }, 0],
    [{ snapshots: [snapshot] }, 1],
    [{ endOffset: 10, epochs: [{ epoch: 1, startOffset: 0 }] }, 0],
    [{ startOffset: 5 }, 1],
  ] as const) {
    log = { ...log, ...change };
    const { slices } = bench;
    bench.sweeper.follow(log);
    bench.sweeper.follow(log);
    while (bench.next());
    expect(bench.slices - slices).toBe(sweeps);
  }
});

test("one that is asked while it is at it does not begin a second time", () => {
  const bench = new Bench();
  bench.litter(1_500, 0);
  bench.sweeper.sweep();
  bench.sweeper.sweep();
  expect(bench.next()).toBe(true);
  bench.sweeper.sweep();
  while (bench.next());
  expect(bench.slices).toBe(2);
});

test("stops, and says so, when storage refuses", () => {
  const bench = new Bench();
  bench.litter(1_500, 0);
  bench.sweeper.sweep();
  const full = new Error("the disk is full");
  bench.disk.failNext = full;
  expect(bench.next()).toBe(true);
  expect(bench.failures).toEqual([full]);
  expect([bench.next(), bench.isClean]).toEqual([false, false]);
});

test("does nothing more once it is stopped", () => {
  const bench = new Bench();
  bench.litter(1_500, 0);
  bench.sweeper.sweep();
  bench.next();
  bench.sweeper.stop();
  bench.sweeper.sweep();
  expect([bench.next(), bench.slices, bench.isClean]).toEqual([false, 1, false]);
});
