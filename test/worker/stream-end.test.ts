/** A stream that the Worker ends after fifteen minutes, and the client that goes on in another one. Time is a test's. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { FeedEvent } from "../../client/feed.ts";
import { kedge } from "../../client/kedge.ts";
import { app } from "../../worker/app.ts";
import { cutCluster } from "./cut-log.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const MINUTE_MS = 60_000;

test("a HEAD begins no stream, however many ask", async () => {
  const { edge } = cutCluster(() => undefined);
  for (let at = 0; at < 1_600; at += 1) {
    const headers = { Accept: "Text/Event-Stream" };
    const response = await edge.request("metadata-log", { method: "HEAD", headers });
    expect([
      response.status,
      response.headers.get("Content-Type"),
      response.headers.get("Vary"),
    ]).toEqual([200, "text/event-stream", "Accept"]);
  }
});

test("a reader goes on where it was, and neither misses a record nor sees one twice", async () => {
  // A controller keeps a reader who has everything waiting, for a second here.
  const { log, edge, one } = cutCluster((arrival) => {
    const { route, query } = arrival;
    if (route !== "log" || Number(query.get("from_offset")) < log.end) return undefined;
    const heldMs = Math.min(1_000, Number(query.get("wait_ms")));
    return new Promise((settle) => setTimeout(() => settle(one.respond(arrival)), heldMs));
  });
  const opened: number[] = [];
  const deployment = kedge({
    url: "http://localhost",
    token: null,
    send: async (url, init) => {
      if (url.includes("/metadata-log")) opened.push(Date.now());
      return await app.request(url, init, edge.env);
    },
  });
  const events: FeedEvent[] = [];
  const ended = new AbortController();
  const reading = (async () => {
    const feed = deployment.cluster(edge.entry.cluster_id).feed({ from: 40, signal: ended.signal });
    for await (const event of feed) events.push(event);
  })().catch((error: unknown) => error);

  await vi.advanceTimersByTimeAsync(14 * MINUTE_MS);
  expect(opened).toHaveLength(1);
  log.appendTopic("late-in-the-first");
  await vi.advanceTimersByTimeAsync(2 * MINUTE_MS);
  expect(opened).toHaveLength(2);
  expect((opened[1] ?? 0) - (opened[0] ?? 0)).toBeLessThan(16 * MINUTE_MS);
  log.appendTopic("in-the-second");
  await vi.advanceTimersByTimeAsync(MINUTE_MS);
  ended.abort(new Error("enough"));
  await vi.advanceTimersByTimeAsync(MINUTE_MS);
  expect(await reading).toEqual(new Error("enough"));

  const offsets = events.flatMap((event) =>
    event.kind === "records" ? event.lines.map(({ offset }) => offset) : [],
  );
  expect(offsets).toEqual(Array.from({ length: 12 }, (_each, at) => 40 + at));
  expect(new Set(events.map(({ kind }) => kind))).toEqual(new Set(["records"]));
}, 60_000);
