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
import { presentOf } from "../../worker/observer/kept-images.ts";
import { observeWith } from "../../worker/observer/observed-image.ts";
import type { LogSource } from "../../worker/observer/log-source.ts";
import type { SnapshotOffers } from "../../worker/observer/snapshots.ts";
import { noteSeen } from "../../worker/observer/position.ts";

/** A controller with a committed log of one topic a batch, named after its offset. */
class Log implements LogSource {
  readonly asked: RangeRequest[] = [];
  end = 0;

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
    return {
      bytes,
      batches: [...recordBatches(bytes)],
      end,
      logStart: 0,
      highWatermark: this.end,
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

  test("that may be stale asks nobody while the image was confirmed recently enough", async () => {
    const log = new Log();
    const key = crypto.randomUUID();
    log.commit(1);
    await observeWith(key, {}, log);
    log.commit(1);
    const { position } = await observeWith(key, { maxStalenessMs: 60_000 }, log);
    expect([position.offset, log.asked.length]).toEqual([0, 1]);
  });

  test("that may be stale still holds the offset it asks for", async () => {
    const log = new Log();
    const key = crypto.randomUUID();
    log.commit(1);
    await observeWith(key, {}, log);
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
    offers: log.offers,
    bytes: log.bytes,
    range: async () => {
      for (let events = 0; events < lag; events += 1) await nextEvent();
      return { bytes, batches: rows, end, logStart: 0, highWatermark: end };
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
  const behind = observeWith(key, {}, sourceOf([large], 4));
  const { position } = await observeWith(key, {}, sourceOf([large, batch(5_000)], 0));
  expect(position.offset).toBe(5_000);
  expect((await behind).position.offset).toBe(5_000);
  expect(presentOf(key)?.position.offset).toBe(5_000);
});
