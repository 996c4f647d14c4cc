/**
 * The stores over SQL and those of the simulator are one: the same random commands, with transactions that fail half
 * way, get the same answers from both. What is proved over the simulator's disk holds for tables because of this.
 */
import { runInDurableObject } from "cloudflare:test";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { LogStore, QuorumStore } from "../../durable-objects/replica/ports.ts";
import { diskOf } from "../../durable-objects/storage/disk.ts";
import { SqlLogStore } from "../../durable-objects/storage/log-store.ts";
import { migrate } from "../../durable-objects/storage/schema.ts";
import { SqlQuorumStore } from "../../durable-objects/storage/quorum-store.ts";
import { Disk } from "../sim/disk.ts";
import { clusterOf, stubOf } from "./quorum.ts";

interface Stores {
  readonly transaction: (write: () => void) => void;
  readonly log: LogStore;
  readonly quorum: QuorumStore;
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
);
type Command = typeof command extends fc.Arbitrary<infer C> ? C : never;

/** Some commands of one epoch in one transaction, and whether it fails at its end. */
const transaction = fc.record({
  bump: fc.integer({ min: 0, max: 2 }),
  commands: fc.array(command, { minLength: 1, maxLength: 5 }),
  fails: fc.boolean(),
});

function perform(one: Command, { log, quorum }: Stores, epoch: number): void {
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
      if (quorum.read() !== null) quorum.writeHighWatermark(one.offset);
  }
}

/** Where the log ends without its last batches. */
function endBefore(log: LogStore, batches: number): number {
  const all = log.read({ from: 0, upTo: log.endOffset(), maxBytes: 1_000_000 });
  return all[all.length - batches]?.baseOffset ?? (batches === 0 ? log.endOffset() : 0);
}

/** Everything that can be asked. */
function answersOf({ log, quorum }: Stores, ask: { from: number; maxBytes: number }): unknown {
  const end = log.endOffset();
  const places = Array.from({ length: end + 2 }, (_, offset) => offset);
  return {
    end,
    start: log.startOffset(),
    epochs: log.epochStarts(),
    epochAt: places.map((offset) => log.epochAt(offset)),
    // Other control batches may be among them.
    voters: log.controlBatches().filter(({ bytes }) => bytes[3] === VOTERS_KEY[3]),
    read: places.map((upTo) => log.read({ ...ask, upTo })),
    election: quorum.read(),
    highWatermark: quorum.highWatermark(),
  };
}

function run(stores: Stores, one: { commands: readonly Command[]; fails: boolean }, epoch: number) {
  try {
    stores.transaction(() => {
      for (const each of one.commands) perform(each, stores, epoch);
      if (one.fails) throw new Error("refused");
    });
    return "kept";
  } catch (cause) {
    return String(cause);
  }
}

test("the stores over SQL and the simulator's give the same answers", async () => {
  const stub = stubOf(clusterOf("AAAAAAAAAAAAAAAAAAAAy1", 1), 3000);
  await runInDurableObject(stub, (_, { storage }) => {
    migrate(storage);
    const property = fc.property(
      fc.array(transaction, { minLength: 1, maxLength: 12 }),
      fc.record({ from: fc.nat(20), maxBytes: fc.nat(120) }),
      (transactions, ask) => {
        for (const table of ["log", "epochs", "quorum"]) storage.sql.exec(`DELETE FROM ${table}`);
        const disk = new Disk();
        const sql: Stores = {
          transaction: (write) => diskOf(storage).transaction(write),
          log: new SqlLogStore(storage.sql),
          quorum: new SqlQuorumStore(storage.sql),
        };
        const simulated: Stores = {
          transaction: (write) => disk.transaction(write),
          log: disk.log,
          quorum: disk.quorum,
        };
        let epoch = 1;
        for (const one of transactions) {
          epoch += one.bump;
          expect(run(simulated, one, epoch)).toEqual(run(sql, one, epoch));
          expect(answersOf(simulated, ask)).toEqual(answersOf(sql, ask));
        }
      },
    );
    fc.assert(property, { numRuns: 150 });
  });
});
