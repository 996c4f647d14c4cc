/** The answers of a link, to a gateway that takes them slowly, not at all, or says that it took what was never sent. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Outbox, type Outgoing } from "../../durable-objects/link/outbox.ts";
import { settled } from "./world.ts";
import { FROM_CONTROLLER, readFromController, type FromController } from "../../src/link/index.ts";

const MIB = 1_048_576;

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => void vi.useRealTimers());

/** An outbox, and the messages that have left it. */
function outboxOf(): { readonly outbox: Outbox; readonly messages: (readonly FromController[])[] } {
  const messages: (readonly FromController[])[] = [];
  const outbox = new Outbox(
    (message) => void messages.push(readFromController(message, FROM_CONTROLLER)),
  );
  return { outbox, messages };
}

/** An answer of that size in two parts, as one that others share. */
const answerOf = (stream: number, bytes: number, shared = new Uint8Array(bytes - 4)): Outgoing => ({
  kind: "response",
  stream,
  correlation: stream,
  parts: [Uint8Array.of(0, 0, 0, stream), shared],
});

const streamsOf = (messages: readonly (readonly FromController[])[]): readonly number[] =>
  messages.flat().map((each) => ("stream" in each ? each.stream : -1));

describe("answers", () => {
  test("that are ready in one event leave in one message, in their order, once it is over", async () => {
    const { outbox, messages } = outboxOf();
    outbox.add(answerOf(1, 10));
    outbox.add({ kind: "refusal", stream: 2, correlation: 2, sentence: "no" });
    outbox.add(answerOf(3, 10));
    expect(messages).toEqual([]);
    await settled();
    expect(messages.map((each) => streamsOf([each]))).toEqual([[1, 2, 3]]);
    expect(messages[0]?.[0]).toMatchObject({ frame: Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 0, 0, 0) });
  });

  test("beyond sixteen megabytes wait until the gateway has taken some", async () => {
    const { outbox, messages } = outboxOf();
    const shared = new Uint8Array(MIB - 4);
    for (let stream = 1; stream <= 40; stream++) outbox.add(answerOf(stream, MIB, shared));
    await settled();
    expect(streamsOf(messages)).toEqual(Array.from({ length: 16 }, (_, at) => at + 1));
    outbox.taken(2 * MIB);
    expect(streamsOf(messages).length).toBe(18);
    for (let left = 40; left > 0; left--) outbox.taken(streamsOf(messages).length < 40 ? MIB : 0);
    expect(streamsOf(messages)).toEqual(Array.from({ length: 40 }, (_, at) => at + 1));
  });

  test("of more than sixteen megabytes leave alone, to a gateway that has taken the rest", async () => {
    const { outbox, messages } = outboxOf();
    outbox.add(answerOf(1, 2 * MIB));
    outbox.add(answerOf(2, 20 * MIB));
    await settled();
    expect(streamsOf(messages)).toEqual([1]);
    outbox.taken(MIB + 1);
    expect(streamsOf(messages)).toEqual([1, 2]);
  });

  test("that nobody takes for half a minute make a stalled link, and not before", async () => {
    const { outbox } = outboxOf();
    for (let stream = 1; stream <= 20; stream++) outbox.add(answerOf(stream, MIB));
    await settled();
    expect(outbox.isStalled(Date.now() + 29_000)).toBe(false);
    expect(outbox.isStalled(Date.now() + 31_000)).toBe(true);
    vi.setSystemTime(Date.now() + 29_000);
    outbox.taken(MIB);
    expect(outbox.isStalled(Date.now() + 29_000)).toBe(false);
  });

  test("that have all left make none, however long the gateway is silent", async () => {
    const { outbox } = outboxOf();
    outbox.add(answerOf(1, 100));
    await settled();
    expect(outbox.isStalled(Date.now() + 3_600_000)).toBe(false);
  });
});
