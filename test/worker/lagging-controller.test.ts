/**
 * A write, and a controller that lags behind it: the active controller commits the change and cannot be read from,
 * and the one that serves the log has not replayed the change yet.
 */
import { afterEach, expect, test, vi } from "vitest";
import {
  CreateTopics,
  TopicRecord,
  decodeRequestFrame,
  encodeDataBatch,
  encodeMetadataRecord,
  responseFrame,
  uuidFromBytes,
} from "../../src/protocol/index.ts";
import { HEADERS, positionHeaders } from "../../durable-objects/contract.ts";
import { edgeWith } from "./network.ts";
import type { Arrival, Edge } from "./network.ts";

const ACTIVE = 3000;

const topicBatch = (offset: number, name: string): Uint8Array<ArrayBuffer> =>
  encodeDataBatch({ baseOffset: offset, leaderEpoch: 1, timestampMs: 1 }, [
    encodeMetadataRecord({
      type: "TOPIC_RECORD",
      version: 0,
      data: TopicRecord.fill({ name, topicId: uuidFromBytes(new Uint8Array(16).fill(offset + 2)) }),
    }),
  ]);

/** The log as a controller serves it that knows `end` records to be committed. */
function logOf(batches: readonly Uint8Array[], query: URLSearchParams, end: number): Response {
  const from = Number(query.get("from_offset"));
  const bytes = Buffer.concat(batches.slice(from, end));
  return new Response(new Uint8Array(bytes), {
    headers: {
      [HEADERS.nextOffset]: String(Math.max(from, end)),
      [HEADERS.highWatermark]: String(end),
      [HEADERS.logStartOffset]: "0",
    },
  });
}

/** The active controller's answer to CreateTopics: the topic is committed at offset 1. */
function created({ body }: Arrival): Response {
  const request = decodeRequestFrame(body);
  if (request.name !== "CreateTopics") throw new Error(`${request.name} was not expected`);
  const response = CreateTopics.response.fill({ topics: [{ name: "new", errorCode: 0 }] });
  return new Response(responseFrame(CreateTopics, request, response), {
    headers: positionHeaders({ offset: 1, epoch: 1 }),
  });
}

/** `lag` reads of the log pass before the controller that serves it knows the new topic. */
function laggingEdge(lag: number): { readonly edge: Edge; readonly reads: () => number } {
  const batches = [topicBatch(0, "old"), topicBatch(1, "new")];
  let reads = 0;
  const edge = edgeWith([ACTIVE, 3001], async (arrival) => {
    if (arrival.route === "frames" && arrival.nodeId === ACTIVE) return created(arrival);
    if (arrival.route === "readIndex" && arrival.nodeId === ACTIVE)
      return Response.json({ node_id: ACTIVE, epoch: 1, read_index: 2 });
    if (arrival.route !== "log" || arrival.nodeId === ACTIVE) throw new Error("out of reach");
    reads += 1;
    // It holds a read that would be empty, as a controller does.
    if (reads > 1) await pass(Number(arrival.query.get("wait_ms")));
    return logOf(batches, arrival.query, reads > lag ? 2 : 1);
  });
  return { edge, reads: () => reads };
}

const pass = (ms: number): Promise<void> => new Promise((settle) => setTimeout(settle, ms));

const JSON_BODY = { "Content-Type": "application/json" };

const post = (edge: Edge): Promise<Response> =>
  edge.request("topics", {
    method: "POST",
    headers: JSON_BODY,
    body: JSON.stringify({ topic_name: "new" }),
  });

afterEach(() => {
  vi.useRealTimers();
});

test("a topic just created is read back at the position of its own write", async () => {
  vi.useFakeTimers();
  const { edge, reads } = laggingEdge(1);
  const posted = post(edge);
  await vi.advanceTimersByTimeAsync(5_000);
  const response = await posted;
  expect([response.status, await response.json()]).toMatchObject([201, { topic_name: "new" }]);
  expect(response.headers.get("Kafka-Metadata-Offset")).toBe("1");
  expect(reads()).toBe(2);
});

test("a change that no controller shows in time is said to be committed", async () => {
  vi.useFakeTimers();
  const { edge } = laggingEdge(Infinity);
  const posted = post(edge);
  await vi.advanceTimersByTimeAsync(5_000);
  const response = await posted;
  expect([response.status, await response.json()]).toEqual([
    503,
    {
      error_code: 50303,
      message:
        "the change is committed, but could not be read back: " +
        "offset 1 was not seen committed within 5000 ms; the view reaches 0",
    },
  ]);
  expect(response.headers.get("Kafka-Metadata-Offset")).toBe("1");
});

test("a read after a write waits for what the write's answer has shown", async () => {
  vi.useFakeTimers();
  const { edge } = laggingEdge(1);
  const topic = { name: "new", numPartitions: 1, replicationFactor: 1 };
  const request = { topics: [{ ...topic, assignments: [], configs: [] }], timeoutMs: 1 };
  const write = { method: "POST", headers: JSON_BODY, body: JSON.stringify(request) };
  const written = await edge.request("rpc/CreateTopics?version=7", write);
  expect(written.headers.get("Kafka-Metadata-Offset")).toBe("1");
  const reading = edge.request("topics/new?max_staleness_ms=60000");
  await vi.advanceTimersByTimeAsync(5_000);
  const read = await reading;
  expect([read.status, read.headers.get("Kafka-Metadata-Offset")]).toEqual([200, "1"]);
});
