/** What a gateway keeps of the log that controllers push to it. */
import { describe, expect, test } from "vitest";
import { Tail } from "../../gateway/observer/tail.ts";
import { LinkError } from "../../src/link/index.ts";
import { NODE_ID, observing, withEpochs, type ControllerSide } from "./observed.ts";

function pushOf(side: ControllerSide, from: number, maxBytes = 1_000_000) {
  const { bytes, endOffset } = side.up.readCommitted({ from, maxBytes });
  const { log } = side.up.state;
  const epochBefore = log.epochs.findLast((each) => each.startOffset < from)?.epoch ?? 0;
  return { records: { from, epochBefore, batches: bytes }, endOffset };
}

describe("what is pushed", () => {
  test("is taken once, whoever pushes it, and begins anew after a gap", async () => {
    const side = await withEpochs();
    const end = side.up.state.log.endOffset;
    const tail = new Tail();
    const first = pushOf(side, 0, 1);
    tail.take(first.records, end);
    expect(tail.end?.offset).toBe(first.endOffset);
    tail.take(pushOf(side, 0).records, end);
    expect([tail.start, tail.end?.offset]).toEqual([0, end]);
    const bytes = tail.bytes;
    tail.take(first.records, end);
    expect([tail.start, tail.bytes]).toEqual([0, bytes]);
    const gapped = new Tail();
    gapped.take(first.records, end);
    const second = pushOf(side, first.endOffset, 1);
    const third = pushOf(side, second.endOffset);
    gapped.take(third.records, end);
    expect([gapped.start, gapped.end?.offset]).toEqual([second.endOffset, end]);
    tail.take({ from: end + 5, epochBefore: 9, batches: new Uint8Array() }, end + 5);
    expect([tail.start, tail.end, tail.bytes]).toEqual([end + 5, { offset: end + 5, epoch: 9 }, 0]);
  });

  test("of a log that does not agree begins anew: a cluster's id can be given again", async () => {
    const side = await withEpochs();
    const end = side.up.state.log.endOffset;
    const tail = new Tail();
    const whole = pushOf(side, 0);
    tail.take(whole.records, end);
    // Where a controller begins that does not know this end, with an epoch that happens to be the same.
    const epochBefore = tail.epochBefore(3) ?? -1;
    tail.take({ from: 3, epochBefore, batches: new Uint8Array() }, 3);
    expect([tail.start, tail.end]).toEqual([3, { offset: 3, epoch: epochBefore }]);
    tail.take(whole.records, end);
    expect([tail.start, tail.end?.offset]).toEqual([3, end]);
    const { records } = pushOf(side, tail.start ?? 0);
    tail.take({ ...records, epochBefore: epochBefore + 1 }, end);
    expect([tail.start, tail.epochBefore(3), tail.end?.offset]).toEqual([3, epochBefore + 1, end]);
  });

  test("is kept within the bound, and one batch whatever its size", async () => {
    const side = await withEpochs();
    const end = side.up.state.log.endOffset;
    const tail = new Tail(50_000);
    tail.take(pushOf(side, 0).records, end);
    expect(tail.end?.offset).toBe(end);
    expect(tail.start).toBeGreaterThan(0);
    const start = tail.start ?? 0;
    const { log } = side.up.state;
    const before = log.epochs.findLast((each) => each.startOffset < start)?.epoch;
    expect(tail.epochBefore(start)).toBe(before);
    expect(tail.epochBefore(start - 1)).toBeNull();
    expect(Buffer.from(tail.read(start, 1_000_000).bytes)).toEqual(
      Buffer.from(pushOf(side, start).records.batches),
    );
  });

  test("is refused where it is not committed, not where it says, or no batches (LK-1)", async () => {
    const side = await withEpochs();
    const end = side.up.state.log.endOffset;
    const tail = new Tail();
    const { records } = pushOf(side, 0);
    expect(() => tail.take(records, end - 1)).toThrow(LinkError);
    expect(() => tail.take(records, null)).toThrow(LinkError);
    expect(() => tail.take({ ...records, from: 1 }, end)).toThrow(LinkError);
    expect(() => tail.take({ ...records, batches: records.batches.subarray(0, 100) }, end)).toThrow(
      LinkError,
    );
    const damaged = records.batches.slice();
    damaged[70] = 255 - (damaged[70] ?? 0);
    expect(() => tail.take({ ...records, batches: damaged }, end)).toThrow(LinkError);
    expect(tail.end).toBeNull();
  });

  test("for nobody is ignored", async () => {
    const { side, observer, link } = await observing();
    const head = { epoch: 99, leader: null, highWatermark: 5, logStartOffset: 0 };
    observer.pushed(NODE_ID, link, { ...head, records: pushOf(side, 0).records });
    expect(observer.end).toBeNull();
  });
});
