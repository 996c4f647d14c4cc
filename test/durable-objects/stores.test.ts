/**
 * The stores over SQL and those of the simulator are one: the same random commands, with transactions that fail half
 * way, get the same answers from both. What is proved over the simulator's disk holds for tables because of this.
 */
import { runInDurableObject } from "cloudflare:test";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type {
  LogStore,
  QuorumStore,
  SnapshotStore,
  UnfinishedSnapshot,
} from "../../durable-objects/replica/ports.ts";
import { diskOf } from "../../durable-objects/storage/disk.ts";
import { SqlLogStore } from "../../durable-objects/storage/log-store.ts";
import { migrate } from "../../durable-objects/storage/schema.ts";
import { SqlQuorumStore } from "../../durable-objects/storage/quorum-store.ts";
import { SqlSnapshotStore } from "../../durable-objects/storage/snapshot-store.ts";
import { AssertionError } from "../../src/std/assert.ts";
import { Disk } from "../sim/disk.ts";
import { clusterOf, stubOf } from "./quorum.ts";

interface Stores {
  readonly transaction: (write: () => void) => void;
  readonly log: LogStore;
  readonly quorum: QuorumStore;
  readonly snapshots: SnapshotStore;
}

/** The key of a KRaftVoters control record. */
const VOTERS_KEY = [0, 0, 0, 6];

/** One thing that a step may store. */
const command = fc.oneof(
  fc.record({
    kind: fc.constant("append" as const),
    count: fc.integer({ min: 1, max: 4 }),
    control: fc.constantFrom("none", "leader change", "voter set"),
    size: fc.integer({ min: 1, max: 50 }),
  }),
  fc.record({ kind: fc.constant("truncate" as const), batches: fc.integer({ min: 0, max: 4 }) }),
  fc.record({
    kind: fc.constant("election" as const),
    leaderId: fc.option(fc.integer({ min: 1, max: 3 })),
    votedId: fc.option(fc.integer({ min: 1, max: 3 })),
  }),
  fc.record({ kind: fc.constant("high-watermark" as const), offset: fc.nat(20) }),
  fc.record({ kind: fc.constant("fence" as const) }),
  fc.record({ kind: fc.constant("sleep" as const), endOffset: fc.option(fc.nat(20)) }),
  fc.record({ kind: fc.constant("move-start" as const), batches: fc.integer({ min: 0, max: 4 }) }),
  fc.record({ kind: fc.constant("restart" as const), fromEnd: fc.integer({ min: -4, max: 6 }) }),
  fc.record({ kind: fc.constant("sweep" as const), rowsMax: fc.nat(3) }),
  fc.record({
    kind: fc.constant("snapshot" as const),
    which: fc.constantFrom<UnfinishedSnapshot>("made", "fetched"),
    endOffset: fc.nat(20),
    sizes: fc.array(fc.nat(20), { maxLength: 4 }),
    becomes: fc.constantFrom("unfinished", "whole", "abandoned"),
  }),
  fc.record({
    kind: fc.constant("snapshot-append" as const),
    which: fc.constantFrom<UnfinishedSnapshot>("made", "fetched"),
    size: fc.nat(20),
  }),
  fc.record({ kind: fc.constant("snapshots-drop" as const), belowOffset: fc.nat(20) }),
  fc.record({ kind: fc.constant("snapshots-sweep" as const), rowsMax: fc.nat(6) }),
);
type Command = typeof command extends fc.Arbitrary<infer C> ? C : never;

/** Some commands of one epoch in one transaction, and whether it fails at its end. */
const transaction = fc.record({
  bump: fc.integer({ min: 0, max: 2 }),
  commands: fc.array(command, { minLength: 1, maxLength: 5 }),
  fails: fc.boolean(),
});

/** What the store answers, if it is asked something. */
function perform(one: Command, { log, quorum, snapshots }: Stores, epoch: number): unknown {
  switch (one.kind) {
    case "append": {
      const baseOffset = log.endOffset();
      const key = one.control === "voter set" ? VOTERS_KEY : [];
      const bytes = Uint8Array.from([...key, ...new Uint8Array(one.size).fill(9)]);
      const lastOffset = baseOffset + one.count - 1;
      log.append({ baseOffset, lastOffset, epoch, control: one.control !== "none", bytes });
      return log.writeEpochStart({ epoch, startOffset: baseOffset });
    }
    case "truncate":
      return log.truncateTo(endBefore(log, one.batches));
    case "election": {
      const votedKey =
        one.votedId === null ? null : { id: one.votedId, directoryId: `d${one.votedId}` };
      return quorum.write({ epoch, leaderId: one.leaderId, votedKey });
    }
    case "high-watermark":
      // Nothing is committed before there was an election; the two share a row.
      return quorum.read() === null ? null : quorum.writeHighWatermark(one.offset);
    case "sleep": {
      const { endOffset } = one;
      // Who sleeps has taken part in an election; the two share a row.
      if (quorum.read() === null) return null;
      return quorum.writeSleep(endOffset === null ? null : { epoch, endOffset, sinceMs: 5 });
    }
    case "fence":
      return quorum.fence();
    case "move-start":
      return log.moveStart(batchesOf(log)[one.batches]?.baseOffset ?? log.endOffset());
    case "restart":
      return log.restartAt(Math.max(log.startOffset(), log.endOffset() + one.fromEnd));
    case "sweep":
      return log.sweep(one.rowsMax);
    case "snapshot": {
      const { which, sizes, endOffset } = one;
      const id = { endOffset, epoch };
      snapshots.begin(which, id);
      for (const size of sizes) snapshots.append(which, filled(size));
      if (one.becomes === "abandoned") return snapshots.abandon(which);
      if (one.becomes === "unfinished") return null;
      const size = sizes.reduce((sum, each) => sum + each, 0);
      return snapshots.complete(which, { ...id, size, timestampMs: 7 * size });
    }
    case "snapshot-append":
      return snapshots.append(one.which, filled(one.size));
    case "snapshots-drop":
      return snapshots.dropBelow(one.belowOffset);
    case "snapshots-sweep":
      return snapshots.sweep(one.rowsMax);
  }
}

/** No two bytes next to each other are the same. */
const filled = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, at) => at);

const batchesOf = (log: LogStore) =>
  log.read({ from: 0, upTo: log.endOffset(), maxBytes: 1_000_000 });

/** Where the log ends without its last batches. */
function endBefore(log: LogStore, batches: number): number {
  const all = batchesOf(log);
  if (batches === 0) return log.endOffset();
  return all[all.length - batches]?.baseOffset ?? log.startOffset();
}

/** The bytes from each boundary of a batch to the next. */
function sizesOf(log: LogStore, boundaries: readonly number[]): readonly number[] {
  const [first = 0] = boundaries;
  return boundaries.map((offset) => log.bytesBefore(offset) - log.bytesBefore(first));
}

/** Everything that can be asked of a snapshot store. */
function snapshotAnswersOf(snapshots: SnapshotStore, maxBytes: number): unknown {
  const list = snapshots.list();
  return {
    list,
    read: list.map((id) =>
      Array.from({ length: id.size }, (_, position) =>
        snapshots.read({ id, position, maxBytes: 1 + maxBytes }),
      ),
    ),
    unfinished: (["made", "fetched"] as const).map((which) =>
      Array.from({ length: 80 }, (_, position) =>
        outcomeOf(() => snapshots.readUnfinished(which, position)),
      ),
    ),
    isSwept: snapshots.sweep(0),
  };
}

/** What is answered, or that it is refused: the two stores need not say so in the same words. */
function outcomeOf(work: () => unknown): unknown {
  try {
    return work();
  } catch (cause) {
    return cause instanceof AssertionError ? "asserts" : String(cause);
  }
}

/** Everything that can be asked. */
function answersOf(stores: Stores, ask: { from: number; maxBytes: number }): unknown {
  const { log, quorum, snapshots } = stores;
  const end = log.endOffset();
  const places = Array.from({ length: end + 2 }, (_, offset) => offset);
  const boundaries = places.filter((offset) => log.isBoundary(offset));
  return {
    end,
    start: log.startOffset(),
    epochs: log.epochStarts(),
    epochAt: places.map((offset) => log.epochAt(offset)),
    // Other control batches may be among them.
    voters: log.controlBatches().filter(({ bytes }) => bytes[3] === VOTERS_KEY[3]),
    read: places.map((upTo) => log.read({ ...ask, upTo })),
    boundaries,
    sizes: sizesOf(log, boundaries),
    isSwept: log.sweep(0),
    snapshots: snapshotAnswersOf(snapshots, ask.maxBytes),
    election: quorum.read(),
    highWatermark: quorum.highWatermark(),
    sleep: quorum.sleep(),
  };
}

/** What the commands of a transaction answer; none of them was there if it fails. */
function run(stores: Stores, one: { commands: readonly Command[]; fails: boolean }, epoch: number) {
  return outcomeOf(() => {
    const answers: unknown[] = [];
    stores.transaction(() => {
      for (const each of one.commands) answers.push(perform(each, stores, epoch));
      if (one.fails) throw new Error("refused");
    });
    return answers;
  });
}

function inTransaction(stores: Stores, ask: () => unknown): unknown {
  let answer: unknown;
  stores.transaction(() => {
    answer = ask();
  });
  return answer;
}

/** The stores of an object, as if nothing had ever been stored. */
function emptied(storage: DurableObjectStorage): Stores {
  const { sql } = storage;
  for (const table of ["log", "log_parts", "epochs", "quorum", "snapshots", "snapshot_chunks"])
    sql.exec(`DELETE FROM ${table}`);
  sql.exec("UPDATE log_start SET start_offset = 0, position = 0");
  return {
    transaction: (write) => diskOf(storage).transaction(write),
    log: new SqlLogStore(sql),
    quorum: new SqlQuorumStore(sql),
    snapshots: new SqlSnapshotStore(sql),
  };
}

function simulated(): Stores {
  const disk = new Disk();
  const { log, quorum, snapshots } = disk;
  return { transaction: (write) => disk.transaction(() => write()), log, quorum, snapshots };
}

test("the stores over SQL and the simulator's give the same answers", async () => {
  const stub = stubOf(clusterOf("AAAAAAAAAAAAAAAAAAAAy1", 1), 3000);
  await runInDurableObject(stub, (_, { storage }) => {
    migrate(storage);
    const property = fc.property(
      fc.array(transaction, { minLength: 1, maxLength: 12 }),
      fc.record({ from: fc.nat(20), maxBytes: fc.nat(120) }),
      (transactions, ask) => {
        const sql = emptied(storage);
        const memory = simulated();
        let epoch = 1;
        for (const one of transactions) {
          epoch += one.bump;
          expect(run(memory, one, epoch)).toEqual(run(sql, one, epoch));
          // A sweep of no rows, which only looks, is a write as well.
          const ofMemory = inTransaction(memory, () => answersOf(memory, ask));
          expect(ofMemory).toEqual(inTransaction(sql, () => answersOf(sql, ask)));
        }
      },
    );
    fc.assert(property, { numRuns: 150 });
  });
});
