/** Events to one reader: how much is written ahead of him, and what becomes of one that is slow or gone. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { commentText, eventText, EventStream } from "../../worker/http/event-stream.ts";
import { EventReader } from "./event-reader.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const event = eventText({ event: "position", id: "3:7", data: '{"next":8}' });

test("what is written is read, comments beside", async () => {
  const stream = new EventStream();
  const reader = new EventReader(stream.response);
  expect(await stream.write(event)).toBe(true);
  stream.mark(commentText("heartbeat"));
  stream.end(eventText({ event: "end", data: "{}" }));
  expect(await reader.rest()).toEqual([
    { event: "position", id: "3:7", data: { next: 8 } },
    { event: "end", id: undefined, data: {} },
  ]);
  expect(reader.comments).toEqual(["heartbeat"]);
});

test("a reader who takes nothing is waited for half a minute, and no more is written than he takes", async () => {
  const stream = new EventStream();
  const large = eventText({ data: JSON.stringify("x".repeat(20_000)) });
  let written: boolean | undefined;
  void stream.write(large).then((isTaken) => (written = isTaken));
  await vi.advanceTimersByTimeAsync(29_000);
  expect(written).toBeUndefined();
  // What can be done without is not written to him.
  stream.mark(large);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(written).toBe(false);
  stream.end(eventText({ event: "end", data: '{"reason":"slow"}' }));
  const events = await new EventReader(stream.response).rest();
  expect(events.map(({ event: name }) => name)).toEqual(["message", "end"]);
});

test("a reader who takes late gets all", async () => {
  const stream = new EventStream();
  const large = eventText({ data: JSON.stringify("x".repeat(20_000)) });
  const writing = stream.write(large);
  await vi.advanceTimersByTimeAsync(10_000);
  const reader = new EventReader(stream.response);
  expect((await reader.until(() => true)).length).toBe(1);
  expect(await writing).toBe(true);
});

test("a reader who goes is written to no more", async () => {
  const stream = new EventStream();
  await stream.response.body?.cancel();
  expect(stream.signal.aborted).toBe(true);
  expect(await stream.write(event)).toBe(false);
  stream.end(event);
});
