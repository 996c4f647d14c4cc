/** The observed image: what is asked, what is applied, and what a reader is never shown. */
import { describe, expect, test } from "vitest";
import { topicByName } from "../../src/metadata/index.ts";
import {
  TopicRecord,
  encodeDataBatch,
  encodeMetadataRecord,
  recordBatches,
  uuidFromBytes,
} from "../../src/protocol/index.ts";
import type { CommittedRange, RangeRequest } from "../../worker/observer/committed-log.ts";
import { nextEvent } from "../../worker/observer/next-event.ts";
import { Problem } from "../../worker/http/errors.ts";
import { presentOf } from "../../worker/observer/kept-images.ts";
import { observeWith } from "../../worker/observer/observed-image.ts";
import type { LogSource } from "../../worker/observer/log-source.ts";
import type { SnapshotOffers } from "../../worker/observer/snapshots.ts";
import { noteSeen } from "../../worker/observer/position.ts";

/** A controller with a committed log of one topic a batch, named after its offset. */
class Log implements LogSource {
  readonly isObserved = false;
  readonly asked: RangeRequest[] = [];
  readonly given: Uint8Array[] = [];
  end = 0;
  /** How often a majority was asked what is committed, and what its answers fail with. */
  confirmations = 0;
  doubt: Problem | null = null;
  /** Since when its leader knows that it is followed; undefined where it does not lead. */
  confirmedMs: number | undefined;

  readonly readIndex = async (): Promise<number> => {
    this.confirmations += 1;
    if (this.doubt !== null) throw this.doubt;
    return this.end;
  };

  commit(count: number): void {
    this.end += count;
  }

  readonly range = async (request: RangeRequest): Promise<CommittedRange> => {
    this.asked.push(request);
    if (request.fromOffset >= this.end && request.waitMs > 0) {
      await new Promise((settle) => setTimeout(settle, request.waitMs));
    }
    // Two batches an answer, so that a long log takes several.
    const end = Math.max(request.fromOffset, Math.min(this.end, request.fromOffset + 2));
    const batches = Array.from({ length: end - request.fromOffset }, (_, at) =>
      batch(request.fromOffset + at),
    );
    const bytes = new Uint8Array(Buffer.concat(batches));
    this.given.push(bytes);
    return {
      bytes,
      batches: [...recordBatches(bytes)],
      end,
      logStart: 0,
      highWatermark: this.end,
      confirmedMs: this.confirmedMs,
    };
  };

  readonly offers = async (): Promise<SnapshotOffers> => ({
    snapshots: [],
    logStart: 0,
    highWatermark: this.end,
    unanswered: [],
  });

  readonly bytes = async (): Promise<Uint8Array> => {
    throw new Error("no snapshot is offered");
  };
}

const batch = (offset: number): Uint8Array =>
  encodeDataBatch({ baseOffset: offset, leaderEpoch: 1 + (offset >> 1), timestampMs: offset }, [
    topicValue(offset),
  ]);

const topicValue = (at: number): Uint8Array =>
  encodeMetadataRecord({
    type: "TOPIC_RECORD",
    version: 0,
    data: {
      ...TOPIC,
      name: `t${at}`,
      topicId: uuidFromBytes(Uint8Array.of(...Array(14).fill(1), (at + 1) >> 8, (at + 1) & 255)),
    },
  });

// oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- a schema's fill, not an array's
const TOPIC = TopicRecord.fill({ name: "" });

describe("a read", () => {
  test("replays the whole committed log, range by range", async () => {
    const log = new Log();
    log.commit(5);
    const { image, position } = await observeWith(crypto.randomUUID(), {}, log);
    expect([...image.topics.idsByName.keys()]).toEqual(["t0", "t1", "t2", "t3", "t4"]);
    expect(position).toEqual({ offset: 4, epoch: 3 });
    expect(log.asked.map(({ fromOffset }) => fromOffset)).toEqual([0, 2, 4]);
    // What was replayed is not kept, however long it takes until garbage is collected.
    expect(log.given.map(({ byteLength }) => byteLength)).toEqual([0, 0, 0]);
  });

  test("asks each time for what came since, and only for that", async () => {
    const log = new Log();
    const key = crypto.randomUUID();
    log.commit(2);
    await observeWith(key, {}, log);
    log.commit(1);
    const { image } = await observeWith(key, {}, log);
    expect(topicByName(image.topics, "t2")).toBeDefined();
    expect(log.asked.map(({ fromOffset }) => fromOffset)).toEqual([0, 2]);
  });

  test("beside another applies every record once", async () => {
    const log = new Log();
    const key = crypto.randomUUID();
    log.commit(6);
    const [one, other] = await Promise.all([observeWith(key, {}, log), observeWith(key, {}, log)]);
    expect(one.position.offset).toBe(5);
    expect(other.position.offset).toBe(5);
    expect(one.image.topics.idsByName.has("t5")).toBe(true);
  });

  test("that may be stale asks nobody while a majority has confirmed recently enough", async () => {
    const log = new Log();
    const key = crypto.randomUUID();
    log.commit(1);
    await observeWith(key, { maxStalenessMs: 60_000 }, log);
    log.commit(1);
    const { position } = await observeWith(key, { maxStalenessMs: 60_000 }, log);
    expect([position.offset, log.asked.length, log.confirmations]).toEqual([0, 1, 1]);
  });

  test("that may be stale takes no word of a controller that cannot say how old its own is", async () => {
    const log = new Log();
    const key = crypto.randomUUID();
    log.commit(1);
    await observeWith(key, {}, log);
    await observeWith(key, { maxStalenessMs: 60_000 }, log);
    expect(log.confirmations).toBe(1);
    log.confirmedMs = Date.now();
    const other = crypto.randomUUID();
    await observeWith(other, {}, log);
    await observeWith(other, { maxStalenessMs: 60_000 }, log);
    expect(log.confirmations).toBe(1);
  });

  test("that may be stale goes by the age that a leader tells, and by no clock that stepped back", async () => {
    const log = new Log();
    log.commit(1);
    for (const [ageMs, confirmations] of [
      [900, 0],
      [1_100, 1],
      [-50, 2],
    ] as const) {
      const key = crypto.randomUUID();
      log.confirmedMs = Date.now() - ageMs;
      await observeWith(key, {}, log);
      await observeWith(key, { maxStalenessMs: 1_000 }, log);
      expect([ageMs, log.confirmations]).toEqual([ageMs, confirmations]);
    }
  });

  test("that must be current asks each time, and for the log only where there is more of it", async () => {
    const log = new Log();
    const key = crypto.randomUUID();
    log.commit(2);
    await observeWith(key, { isLinearizable: true }, log);
    expect(await observeWith(key, { isLinearizable: true }, log)).toMatchObject({
      position: { offset: 1 },
    });
    expect([log.asked.length, log.confirmations]).toEqual([1, 2]);
    log.commit(3);
    const { position } = await observeWith(key, { isLinearizable: true }, log);
    expect([position.offset, log.confirmations]).toEqual([4, 3]);
  });

  test("that must be current reads on until a controller that lags has what was confirmed", async () => {
    const log = new Log();
    log.commit(1);
    const { range, offers, bytes } = log;
    const behind = { isObserved: false, range, offers, bytes, readIndex: async () => 2 };
    const key = crypto.randomUUID();
    const reading = observeWith(key, { isLinearizable: true, waitMs: 200 }, behind);
    log.commit(1);
    expect((await reading).position.offset).toBe(1);
    const late = { ...behind, readIndex: async () => 9 };
    await expect(observeWith(key, { isLinearizable: true, waitMs: 20 }, late)).rejects.toThrow(
      "offset 8 was not seen committed within 20 ms",
    );
  });

  test("that nobody confirms is refused, with the age that could be had", async () => {
    const log = new Log();
    const key = crypto.randomUUID();
    log.commit(1);
    log.doubt = new Problem("UNCONFIRMED", "no majority");
    await expect(observeWith(key, { maxStalenessMs: 1_000 }, log)).rejects.toMatchObject({
      kind: "UNCONFIRMED",
      message:
        "nobody has confirmed in time what is current (no majority); what is known here never was confirmed",
      details: { confirmed_age_ms: null },
    });
    log.confirmedMs = Date.now() - 5_000;
    await observeWith(key, {}, log);
    await expect(observeWith(key, { isLinearizable: true }, log)).rejects.toMatchObject({
      message: expect.stringMatching(/what is known here was confirmed 5\d\d\d ms ago/),
    });
    expect((await observeWith(key, { maxStalenessMs: 60_000 }, log)).position.offset).toBe(0);
    log.doubt = new Problem("OVERLOADED", "later");
    await expect(observeWith(key, { isLinearizable: true }, log)).rejects.toMatchObject({
      kind: "OVERLOADED",
    });
  });

  test("that may be stale still holds the offset it asks for", async () => {
    const log = new Log();
    const key = crypto.randomUUID();
    log.commit(1);
    await observeWith(key, { maxStalenessMs: 60_000 }, log);
    log.commit(1);
    const { position } = await observeWith(key, { maxStalenessMs: 60_000, minOffset: 1 }, log);
    expect(position.offset).toBe(1);
  });

  test("is never shown less than was shown before, by whatever answer", async () => {
    const log = new Log();
    const key = crypto.randomUUID();
    log.commit(3);
    noteSeen(key, { offset: 7, epoch: 4 });
    await expect(observeWith(key, { waitMs: 20 }, log)).rejects.toThrow(
      "offset 7 was not seen committed within 20 ms; the view reaches 2",
    );
    log.commit(5);
    expect((await observeWith(key, { maxStalenessMs: 60_000 }, log)).position.offset).toBe(7);
  });

  test("waits for an offset that is not committed yet with one held call, not with many", async () => {
    const log = new Log();
    log.commit(1);
    const waiting = observeWith(crypto.randomUUID(), { minOffset: 1, waitMs: 100 }, log);
    log.commit(1);
    await waiting;
    expect(log.asked.length).toBeLessThanOrEqual(3);
  });
});

/** A controller that has these batches, and says so after some events. */
function sourceOf(batches: readonly Uint8Array[], lag: number): LogSource {
  const log = new Log();
  const bytes = new Uint8Array(Buffer.concat(batches));
  const rows = [...recordBatches(bytes)];
  const end = 1 + (rows.at(-1)?.lastOffset ?? -1);
  return {
    isObserved: false,
    readIndex: log.readIndex,
    offers: log.offers,
    bytes: log.bytes,
    range: async () => {
      for (let events = 0; events < lag; events += 1) await nextEvent();
      const confirmedMs = undefined;
      return { bytes, batches: rows, end, logStart: 0, highWatermark: end, confirmedMs };
    },
  };
}

test("a reader that lags within a large batch does not take back what another has replayed", async () => {
  const large = encodeDataBatch(
    { baseOffset: 0, leaderEpoch: 1, timestampMs: 1 },
    Array.from({ length: 5_000 }, (_, at) => topicValue(at)),
  );
  const key = crypto.randomUUID();
  await observeWith(key, {}, sourceOf([], 0));
  // Readers that demand nothing share what they read: this one demands something.
  const lagging = { ...sourceOf([large], 4), readIndex: async () => 5_000 };
  const behind = observeWith(key, { isLinearizable: true }, lagging);
  const { position } = await observeWith(key, {}, sourceOf([large, batch(5_000)], 0));
  expect(position.offset).toBe(5_000);
  expect((await behind).position.offset).toBe(5_000);
  expect(presentOf(key)?.position.offset).toBe(5_000);
});
