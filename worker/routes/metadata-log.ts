/**
 * `/metadata-log`: the committed log as a feed. NDJSON by default, one line a record, control records included so
 * that offsets have no holes; with `Accept: application/vnd.kafka.records` the raw record batches, byte for byte
 * what brokers fetch. One answer is one range: the reader goes on at `Kafka-Next-Offset`, and `wait_ms` holds an
 * answer that would be empty. Only committed records are shown, and none is skipped: what is not in the log any more is
 * in a snapshot, which the refusal names.
 */
import { Hono } from "hono";
import { HEADERS } from "../../durable-objects/contract.ts";
import type { BatchInRow } from "../../src/protocol/index.ts";
import { demandRole } from "../access/authenticate.ts";
import { RAW_ROLES } from "../access/permissions.ts";
import type { Scope, ScopedContext } from "../env.ts";
import { integerParameter } from "../http/fields.ts";
import { Problem } from "../http/errors.ts";
import type { CommittedRange, RangeRequest } from "../observer/committed-log.ts";
import { logSource } from "../observer/log-source.ts";
import { recordLines } from "../observer/log-lines.ts";
import { startOf } from "./snapshots.ts";

const RAW_TYPE = "application/vnd.kafka.records";
const LINES_TYPE = "application/x-ndjson";

/** Proxies commonly close a request that is idle for longer. */
const WAIT_MS_MAX = 30_000;
const BYTES = 1024 * 1024;
/** A range is held whole while it is turned into lines, which are several times its size. */
const BYTES_MAX = 8 * 1024 * 1024;

export const metadataLog = new Hono<Scope>();

metadataLog.get("/", async (context) => {
  const isRaw = context.req.header("Accept")?.includes(RAW_TYPE) === true;
  if (isRaw) demandRole(context.var.asker, RAW_ROLES);
  const number = (name: string, max: number): number | undefined =>
    integerParameter(context.req.query(name), name, { min: 0, max });
  const fromOffset = number("from_offset", Number.MAX_SAFE_INTEGER) ?? 0;
  const range = await rangeOrStart(context, {
    fromOffset,
    maxBytes: number("max_bytes", BYTES_MAX) ?? BYTES,
    waitMs: number("wait_ms", WAIT_MS_MAX) ?? 0,
  });
  describeRange(context, fromOffset, range);
  if (isRaw) {
    return context.body(range.bytes, 200, { "Content-Type": RAW_TYPE });
  }
  return context.body(linesOf(range.batches, fromOffset), 200, { "Content-Type": LINES_TYPE });
});

/** The range; where the log begins above it, the refusal says which snapshot to begin with, and where to go on. */
async function rangeOrStart(
  context: ScopedContext,
  request: RangeRequest,
): Promise<CommittedRange> {
  const source = logSource(context.env, context.var.entry);
  try {
    return await source.range(request);
  } catch (error) {
    if (!(error instanceof Problem) || error.kind !== "OFFSET_BELOW_LOG_START") throw error;
    const [newest] = (await source.offers()).snapshots;
    if (newest === undefined || newest.endOffset <= request.fromOffset) throw error;
    const details = { snapshot: startOf(context, newest), next_offset: newest.endOffset };
    throw new Problem(error.kind, error.message, { details });
  }
}

function describeRange(context: ScopedContext, fromOffset: number, range: CommittedRange): void {
  context.header(HEADERS.nextOffset, String(Math.max(fromOffset, range.end)));
  context.header(HEADERS.highWatermark, String(range.highWatermark));
  context.header(HEADERS.logStartOffset, String(range.logStart));
  context.header("Cache-Control", "no-cache");
  const last = range.batches.at(-1);
  if (last === undefined) return;
  context.set("position", { offset: last.lastOffset, epoch: last.leaderEpoch });
}

/** Lines as a stream, some at a time, so that the whole text of a large range is never in memory. */
function linesOf(batches: readonly BatchInRow[], fromOffset: number): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const lines = recordLines(batches, fromOffset);
  return new ReadableStream({
    pull(controller) {
      const next = lines.next();
      if (next.done === true) controller.close();
      else controller.enqueue(encoder.encode(next.value));
    },
  });
}
