/** The end of a log that an isolate's followers share: who asks a controller, and what becomes of the others. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  encodeDataBatch,
  encodeMetadataRecord,
  recordBatches,
  TopicRecord,
} from "../../src/protocol/index.ts";
import { Problem } from "../../worker/http/errors.ts";
import type { CommittedRange, RangeRequest } from "../../worker/observer/committed-log.ts";
import { follow, type FollowRequest } from "../../worker/observer/followed-log.ts";
import type { FollowedRange } from "../../worker/observer/followed-tail.ts";
import type { LogSource } from "../../worker/observer/log-source.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

let clusters = 0;

const topic = (name: string): Uint8Array =>
  encodeMetadataRecord({ type: "TOPIC_RECORD", version: 0, data: TopicRecord.fill({ name }) });

/** A log that is written to by the test, and the calls that its followers make. */
class Log {
  readonly key = `cluster-${(clusters += 1)}`;
  readonly calls: RangeRequest[] = [];
  epoch = 1;
  end = 0;
  start = 0;
  /** Thrown by every call while it is set. */
  failure: Problem | undefined;
  readonly #batches: Uint8Array<ArrayBuffer>[] = [];
  readonly #waiting = new Set<() => void>();

  readonly source: LogSource = {
    isObserved: false,
    range: (request) => this.#range(request),
    readIndex: async () => this.end,
    offers: async () => ({ snapshots: [], logStart: 0, highWatermark: 0, unanswered: [] }),
    bytes: async () => new Uint8Array(),
  };

  append(...names: readonly string[]): void {
    const at = { baseOffset: this.end, leaderEpoch: this.epoch, timestampMs: 1 };
    this.#batches.push(encodeDataBatch(at, names.map(topic)));
    this.end += names.length;
    for (const wake of this.#waiting) wake();
  }

  follow(request: Partial<FollowRequest>): Promise<FollowedRange> {
    const from = request.from ?? { offset: 0, epoch: undefined };
    return follow(this.key, this.source, { waitMs: 60_000, ...request, from });
  }

  async #range(request: RangeRequest): Promise<CommittedRange> {
    this.calls.push(request);
    const { fromOffset, waitMs, signal } = request;
    if (fromOffset >= this.end && waitMs > 0 && this.failure === undefined)
      await new Promise<void>((resolve, reject) => {
        this.#waiting.add(resolve);
        setTimeout(resolve, waitMs);
        signal?.addEventListener("abort", () => reject(new Error("gone")));
      });
    if (this.failure !== undefined) throw this.failure;
    const bytes = Buffer.concat(this.#batches);
    const batches = [...recordBatches(bytes)].filter(({ lastOffset }) => lastOffset >= fromOffset);
    return {
      bytes: new Uint8Array(bytes),
      batches,
      end: Math.max(fromOffset, (batches.at(-1)?.lastOffset ?? -1) + 1),
      logStart: this.start,
      highWatermark: this.end,
      confirmedMs: Date.now(),
    };
  }
}

const offsetsIn = ({ lines }: FollowedRange): readonly number[] =>
  [...lines].map(({ offset }) => offset);
const at = (offset: number, epoch?: number) => ({ from: { offset, epoch } });

describe("many followers with nothing to read", () => {
  test("ask a controller as often as one does, and all hear of what comes", async () => {
    const log = new Log();
    log.append("a");
    const ranges = Array.from({ length: 100 }, () => log.follow(at(1, 1)));
    await vi.advanceTimersByTimeAsync(50_000);
    // One opens the tail; then one waits, 25 s at a time.
    expect(log.calls.length).toBeLessThanOrEqual(4);
    log.append("b", "c");
    const told = await Promise.all(ranges);
    expect(new Set(told.map((range) => offsetsIn(range).join()))).toEqual(new Set(["1,2"]));
    expect(log.calls.length).toBeLessThanOrEqual(4);
  });

  test("go on when the one that asks hangs up", async () => {
    const log = new Log();
    const gone = new AbortController();
    const first = log.follow({ ...at(0), signal: gone.signal });
    const refused = expect(first).rejects.toThrow();
    await vi.advanceTimersByTimeAsync(10);
    const second = log.follow(at(0));
    await vi.advanceTimersByTimeAsync(10);
    gone.abort();
    await refused;
    await vi.advanceTimersByTimeAsync(10);
    log.append("a");
    await vi.advanceTimersByTimeAsync(10);
    expect(offsetsIn(await second)).toEqual([0]);
  });

  test("are all told when no controller serves the log", async () => {
    const log = new Log();
    log.append("a");
    const followers = [1, 2, 3].map(() => log.follow(at(1, 1)));
    await vi.advanceTimersByTimeAsync(10);
    log.failure = new Problem("CONTROLLER_UNREACHABLE", "all are down");
    const refusals = Promise.allSettled(followers);
    await vi.advanceTimersByTimeAsync(30_000);
    expect((await refusals).map(({ status }) => status)).toEqual(Array(3).fill("rejected"));
  });
});

describe("a follower", () => {
  test("gets nothing when nothing has come in time", async () => {
    const log = new Log();
    log.append("a");
    const range = log.follow({ ...at(1, 1), waitMs: 3_000 });
    await vi.advanceTimersByTimeAsync(3_000);
    expect((await range).end).toEqual({ offset: 1, epoch: 1 });
  });

  test("that comes later reads what the others have read, and asks nobody", async () => {
    const log = new Log();
    log.append("a", "b", "c");
    await log.follow(at(0));
    const { length } = log.calls;
    expect(offsetsIn(await log.follow(at(1, 1)))).toEqual([1, 2]);
    expect(log.calls).toHaveLength(length);
  });

  test("of another epoch is told so by what the others have read", async () => {
    const log = new Log();
    log.append("a", "b", "c");
    await log.follow(at(0));
    await expect(log.follow(at(1, 7))).rejects.toMatchObject({ kind: "LOG_DIVERGED" });
    await expect(log.follow(at(4, 1))).rejects.toMatchObject({ kind: "LOG_DIVERGED" });
  });

  test("that is behind what is kept reads for itself, and loses nothing", async () => {
    const log = new Log();
    log.append("begin");
    await log.follow(at(0));
    const large = Array.from({ length: 10 }, () => "x".repeat(10_000));
    for (let round = 0; round < 15; round += 1) {
      const next = log.follow(at(log.end, 1));
      await vi.advanceTimersByTimeAsync(1);
      log.append(...large);
      await vi.advanceTimersByTimeAsync(1);
      expect(offsetsIn(await next)[0]).toBe(log.end - 10);
    }
    const { length } = log.calls;
    expect(offsetsIn(await log.follow(at(2, 1)))[0]).toBe(2);
    expect(log.calls.length).toBe(length + 1);
    // The newest ones are kept still.
    await log.follow(at(log.end - 5, 1));
    expect(log.calls.length).toBe(length + 1);
  });

  test("is told when the log that it follows is not the one that it was", async () => {
    const log = new Log();
    log.append("a");
    const follower = log.follow(at(1, 1));
    const refused = expect(follower).rejects.toMatchObject({ kind: "LOG_DIVERGED" });
    await vi.advanceTimersByTimeAsync(10);
    log.end = 0;
    await vi.advanceTimersByTimeAsync(30_000);
    await refused;
  });
});
