/** Operations in office: what is queued while nothing commits, and what is refused so that memory lasts. */
import { describe, expect, test } from "vitest";
import {
  ActiveController,
  type ElectionMeasures,
  type NextBatch,
  type Operation,
  type Outcome,
} from "../../durable-objects/active-controller/active-controller.ts";
import { takeOffice } from "../../durable-objects/active-controller/operation-context.ts";
import { dataBatch } from "../../durable-objects/replica/entries.ts";
import { emptyImage, type MetadataImage } from "../../src/metadata/index.ts";
import { ConfigRecord, encodeMetadataRecord } from "../../src/protocol/index.ts";
import { record, topicIdOf, world } from "../metadata/world.ts";
import { settled, CLUSTER } from "./world.ts";

const BATCH_BYTES = 100_000;
const MOMENT = { nowMs: 5, apiVersion: 0, controllers: [] };

const inOffice = (
  batchBytesMax = BATCH_BYTES,
  image: MetadataImage = emptyImage,
  measures: ElectionMeasures = { uncleanElections: 0 },
): ActiveController =>
  new ActiveController(
    takeOffice({
      cluster: CLUSTER,
      users: [],
      delegationTokenKey: null,
      nodeId: 3000,
      epoch: 1,
      image,
      endOffset: 7,
      nowMs: 1,
      seed: 1,
      batchBytesMax,
      measures,
    }),
  );

/** Writes one record of about that many bytes, and answers with its offset. */
const write =
  (name: string, bytes: number): Operation<number> =>
  (_, { nextOffset }) => ({
    records: [
      ConfigRecord.of(0, { resourceType: 2, resourceName: "t", name, value: "x".repeat(bytes) }),
    ],
    response: nextOffset,
  });

/** Resolves with what became of the operation. */
const submitted = <Response>(
  active: ActiveController,
  operation: Operation<Response>,
): Promise<Outcome<Response>> =>
  new Promise((resolve) => active.submit(operation, MOMENT, resolve));

const look: Operation<null> = () => ({ records: [], response: null });

describe("what is queued while a round does not commit", () => {
  test("is bounded in bytes, and a refused operation leaves no trace", async () => {
    const active = inOffice();
    const outcomes: unknown[] = [];
    const submit = (operation: Operation<unknown>): void =>
      active.submit(operation, MOMENT, (outcome) => outcomes.push(outcome));
    // Two batches of the largest size hold six of these.
    for (let at = 0; at < 40; at += 1) submit(write(`c${at}`, 30_000));
    await settled();
    expect(outcomes).toHaveLength(34);
    expect(outcomes[0]).toEqual({ kind: "refused", reason: "overloaded" });
    // What writes nothing takes no room, and what is taken off the queue makes some.
    submit(look);
    expect(active.takeBatch()).toMatchObject({ baseOffset: 7 });
    const next = submitted(active, write("after", 10));
    active.onCommitted(1_000);
    expect(await next).toMatchObject({ kind: "committed", response: 7 + 6 });
    expect(outcomes).toHaveLength(41);
  });

  test("fills a round, and says so, until that round is taken", () => {
    const active = inOffice(8 * 1_048_576);
    expect(active.hasFullRound).toBe(false);
    for (let at = 0; at < 17; at += 1) void submitted(active, write(`c${at}`, 30_000));
    expect(active.hasFullRound).toBe(false);
    void submitted(active, write("c17", 30_000));
    expect(active.hasFullRound).toBe(true);
    active.takeBatch();
    expect(active.hasFullRound).toBe(false);
  });

  test("goes into rounds of whole operations, in order and without a gap", async () => {
    const active = inOffice();
    const sizes = [10, 30_000, 10, 10];
    const answers = sizes.map((bytes, at) => submitted(active, write(`c${at}`, bytes)));
    const rounds = [active.takeBatch(), active.takeBatch()];
    expect(rounds[0]).toMatchObject({ baseOffset: 7, timestampMs: 5 });
    expect(valuesOf(rounds[0])).toHaveLength(4);
    expect(rounds[1]).toBeNull();
    active.onCommitted(11);
    expect(await Promise.all(answers)).toMatchObject(
      [7, 8, 9, 10].map((response) => ({ response })),
    );
    expect(active.committedImage.provenance.endOffset).toBe(11);
  });

  test("shows the image of a round only when that round is committed", () => {
    const active = inOffice();
    void submitted(active, write("first", 10));
    active.takeBatch();
    void submitted(active, write("second", 10));
    active.takeBatch();
    active.onCommitted(8);
    expect(active.committedImage.provenance.endOffset).toBe(8);
    active.onCommitted(9);
    expect(active.committedImage.provenance.endOffset).toBe(9);
  });
});

describe("what waits when office is lost", () => {
  test("may be asked again elsewhere only if nothing of it was appended", async () => {
    const active = inOffice();
    const appended = submitted(active, write("appended", 10));
    active.takeBatch();
    const read = submitted(active, look);
    const queued = submitted(active, write("queued", 10));
    active.renounce();
    expect(await Promise.all([appended, read, queued])).toEqual([
      { kind: "abandoned" },
      { kind: "not-controller" },
      { kind: "not-controller" },
    ]);
  });

  test("is nothing any more of what was committed before", async () => {
    const active = inOffice();
    const committed = submitted(active, write("committed", 10));
    active.takeBatch();
    active.onCommitted(8);
    active.renounce();
    expect(await committed).toMatchObject({ kind: "committed" });
  });
});

const withDeadline = (
  active: ActiveController,
  operation: Operation<unknown>,
  timeoutMs: number,
): Outcome<unknown>[] => {
  const outcomes: Outcome<unknown>[] = [];
  active.submit(operation, MOMENT, (outcome) => outcomes.push(outcome), timeoutMs);
  return outcomes;
};

describe("an operation with a deadline", () => {
  test("is not run once that is over, and leaves no trace", () => {
    const active = inOffice();
    let runs = 0;
    const counted: Operation<null> = () => {
      runs += 1;
      return { records: [], response: null };
    };
    for (const timeoutMs of [0, -1])
      expect(withDeadline(active, counted, timeoutMs)).toEqual([
        { kind: "timed-out", mayBeCommitted: false },
      ]);
    expect([runs, active.nextDeadlineMs]).toEqual([0, Number.POSITIVE_INFINITY]);
  });

  test("is answered once, by what comes first, and the others wait on", () => {
    const active = inOffice();
    const early = withDeadline(active, write("early", 10), 100);
    const late = withDeadline(active, write("late", 10), 200);
    const read = withDeadline(active, look, 100);
    const patient = withDeadline(active, write("patient", 10), Number.POSITIVE_INFINITY);
    expect(active.nextDeadlineMs).toBe(105);
    active.answerOverdue(104);
    expect([early, read]).toEqual([[], []]);
    active.answerOverdue(105);
    expect([early, read]).toEqual([
      [{ kind: "timed-out", mayBeCommitted: true }],
      [{ kind: "timed-out", mayBeCommitted: false }],
    ]);
    expect([active.nextDeadlineMs, late, patient]).toEqual([205, [], []]);
    // What it wrote is in its place, for the others were judged by it.
    expect(valuesOf(active.takeBatch())).toHaveLength(3);
    active.onCommitted(10);
    // Nothing waits, and no timer is to be set for it.
    expect(active.nextDeadlineMs).toBe(Number.POSITIVE_INFINITY);
    active.answerOverdue(1_000);
    expect([early.length, late.length, patient.length]).toEqual([1, 1, 1]);
    expect(late).toMatchObject([{ kind: "committed", response: 8 }]);
  });

  test("that has timed out is not abandoned as well", () => {
    const active = inOffice();
    const outcomes = withDeadline(active, write("early", 10), 100);
    active.takeBatch();
    active.answerOverdue(105);
    active.renounce();
    expect(outcomes).toEqual([{ kind: "timed-out", mayBeCommitted: true }]);
    expect(active.nextDeadlineMs).toBe(Number.POSITIVE_INFINITY);
  });
});

const valuesOf = (batch: NextBatch | null | undefined): readonly Uint8Array[] | undefined =>
  batch?.kind === "data" ? batch.values : undefined;

/** Writes many records, whose lengths and offsets take one, two and three bytes. */
const writeMany: Operation<null> = () => ({
  records: [1, 60, 30_000, ...Array.from({ length: 9_000 }, () => 60)].map((bytes, at) =>
    ConfigRecord.of(0, {
      resourceType: 2,
      resourceName: "t",
      name: `c${at}`,
      value: "x".repeat(bytes),
    }),
  ),
  response: null,
});

describe("an operation as large as a batch may be", () => {
  test.each([
    ["one record", write("large", 20_000)],
    ["thousands of records", writeMany],
  ] as const)("is measured to the byte, with the header of its batch: %s", async (_, operation) => {
    const { records } = operation(emptyImage, Object({ nextOffset: 0 }));
    const values = records.map(encodeMetadataRecord);
    const stored = dataBatch({ baseOffset: 7, values, timestampMs: 5 }, 1);
    const short = inOffice(stored.byteLength - 1);
    expect(await submitted<unknown>(short, operation)).toEqual({
      kind: "refused",
      reason: "too-large",
    });
    expect(short.takeBatch()).toBeNull();
    expect(await submitted(short, look)).toMatchObject({ kind: "committed", endOffset: 7 });
    const ample = inOffice(stored.byteLength);
    const written = submitted<unknown>(ample, operation);
    const batch = ample.takeBatch();
    const bytes = batch?.kind === "data" ? dataBatch(batch, 1) : Buffer.of();
    expect(Buffer.compare(bytes, stored)).toBe(0);
    ample.onCommitted(7 + values.length);
    expect(await written).toMatchObject({ kind: "committed", endOffset: 7 + values.length });
  });

  test("is a round of its own between others", () => {
    const active = inOffice(2_000_000);
    for (const operation of [write("a", 10), writeMany, write("b", 10), write("c", 10)])
      void submitted<unknown>(active, operation);
    const rounds = [active.takeBatch(), active.takeBatch(), active.takeBatch(), active.takeBatch()];
    expect(rounds.map((round) => valuesOf(round)?.length)).toEqual([1, 9_003, 2, undefined]);
    expect(rounds.map((round) => round?.baseOffset)).toEqual([7, 8, 9_011, undefined]);
  });
});

/** Broker 2 leads that partition from now on. */
const elect =
  (partitionId: number, leaderRecoveryState: number): Operation<null> =>
  () => ({
    records: [
      record("PARTITION_CHANGE_RECORD", 0, {
        partitionId,
        topicId: topicIdOf(0),
        leader: 2,
        isr: [2],
        leaderRecoveryState,
      }),
    ],
    response: null,
  });

test("leaders elected out of sync are counted, and others are not", () => {
  const measures = { uncleanElections: 0 };
  const image = world({ brokers: "1 2", topics: { t: ["1,2/1/1/0/0", "1,2/1,2/1/0/0"] } });
  const office = inOffice(BATCH_BYTES, image, measures);
  office.submit(elect(0, 1), MOMENT, () => undefined);
  office.submit(elect(1, -1), MOMENT, () => undefined);
  expect(measures).toEqual({ uncleanElections: 1 });
});
