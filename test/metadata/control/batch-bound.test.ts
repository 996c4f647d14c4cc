/**
 * What a batch of consequences holds, by the bytes it is stored in: held against the batch that is really encoded, for
 * records of any kind and size.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  BOUNDED_BATCH_BYTES,
  BOUNDED_BATCH_RECORDS,
  BoundedBatch,
} from "../../../src/metadata/control/batch-bound.ts";
import type { MetadataRecord } from "../../../src/protocol/index.ts";
import { directoryOf } from "../partition-notation.ts";
import { record, storedBytes, topicIdOf } from "../world.ts";

/** A change that names so many replicas in so many of its lists, of which the last has directories. */
const change = (partitionId: number, replicas: number, lists: number): MetadataRecord => {
  const ids = Array.from({ length: replicas }, (_, at) => 1_000 + at);
  const parts = [
    { isr: ids, leader: 1_000 },
    { replicas: ids },
    { addingReplicas: ids },
    { directories: ids.map(directoryOf) },
  ];
  const said = Object.assign({}, ...parts.slice(0, lists));
  return record("PARTITION_CHANGE_RECORD", 1, { topicId: topicIdOf(0), partitionId, ...said });
};

const config = (bytes: number): MetadataRecord =>
  record("CONFIG_RECORD", 0, {
    resourceType: 2,
    resourceName: "t",
    name: "c",
    value: "v".repeat(bytes),
  });

const taken = (records: Iterable<MetadataRecord>): BoundedBatch => {
  const batch = new BoundedBatch();
  expect(batch.take(records)).toBe(batch.isWhole);
  return batch;
};

/** Records that make a batch of nearly the bound, of which the last has `last` bytes of value. */
const ending = (last: number): readonly MetadataRecord[] => [
  ...Array.from({ length: 25 }, () => config(20_000)),
  config(last),
];

describe("a batch of what brokers cause", () => {
  const changes = fc
    .array(
      fc.record({
        times: fc.integer({ min: 1, max: 1_500 }),
        replicas: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 2_000 })),
        lists: fc.integer({ min: 0, max: 4 }),
      }),
      { minLength: 1, maxLength: 6 },
    )
    .map((runs) =>
      runs.flatMap(({ times, replicas, lists }) => {
        // Of large ones there need not be many.
        const count = Math.max(1, Math.floor(times / (1 + replicas)));
        return Array.from({ length: count }, (_, at) => change(at, replicas, lists));
      }),
    );

  test("is as much of them, in their order, as the bounds allow, and not one record less", () => {
    fc.assert(
      fc.property(changes, (records) => {
        const batch = taken(records);
        const count = batch.records.length;
        expect(batch.records).toEqual(records.slice(0, count));
        expect(batch.isWhole).toBe(count === records.length);
        expect(count).toBeGreaterThan(0);
        expect(count).toBeLessThanOrEqual(BOUNDED_BATCH_RECORDS);
        if (count > 1) expect(storedBytes(batch.records)).toBeLessThanOrEqual(BOUNDED_BATCH_BYTES);
        if (batch.isWhole) return;
        const isFull =
          count === BOUNDED_BATCH_RECORDS ||
          storedBytes(records.slice(0, count + 1)) > BOUNDED_BATCH_BYTES;
        expect(isFull).toBe(true);
      }),
      { numRuns: 60, seed: 20_26 },
    );
  });

  test.each([-1, 0, 1])("that misses its bytes by %i", (excess) => {
    const records = ending(20_000 + BOUNDED_BATCH_BYTES - storedBytes(ending(20_000)) + excess);
    expect(storedBytes(records)).toBe(BOUNDED_BATCH_BYTES + excess);
    expect(taken(records).records).toHaveLength(excess > 0 ? 25 : 26);
  });

  test.each([-1, 0, 1])("that misses its count by %i", (excess) => {
    const count = BOUNDED_BATCH_RECORDS + excess;
    const batch = taken(Array.from({ length: count }, (_, at) => change(at, 0, 1)));
    expect(batch.records).toHaveLength(Math.min(count, BOUNDED_BATCH_RECORDS));
    expect(batch.isWhole).toBe(excess <= 0);
  });

  test("holds a record that is larger than the bound, alone", () => {
    const large = record("REGISTER_BROKER_RECORD", 3, {
      brokerId: 1,
      endPoints: Array.from({ length: 10 }, (_, at) => ({
        name: `L${at}`.padEnd(32_000, "n"),
        host: "h".repeat(32_000),
      })),
    });
    expect(storedBytes([large])).toBeGreaterThan(BOUNDED_BATCH_BYTES);
    expect(taken([large])).toMatchObject({ records: [large], isWhole: true });
    const small = change(0, 1, 1);
    const cut = taken([small, large]);
    expect(cut).toMatchObject({ records: [small], isWhole: false });
    // There is room for it, but it may mean that what comes before it is done.
    expect(cut.add(small)).toBe(false);
    expect(cut).toMatchObject({ records: [small], isWhole: false });
    expect(taken([large, small])).toMatchObject({ records: [large], isWhole: false });
  });

  test("takes nothing after what did not fit, and does not ask for it", () => {
    const batch = taken(Array.from({ length: BOUNDED_BATCH_RECORDS + 1 }, () => change(0, 0, 0)));
    let asked = 0;
    const more = function* (): Generator<MetadataRecord> {
      asked += 1;
      yield change(0, 0, 0);
    };
    expect(batch.take(more())).toBe(false);
    expect(asked).toBe(0);
    expect(batch.add(change(0, 0, 0))).toBe(false);
    expect(batch.records).toHaveLength(BOUNDED_BATCH_RECORDS);
  });
});
