/**
 * `/metadata-log`: the committed log as a feed. NDJSON by default, one line a record, control records included so
 * that offsets have no holes; with `Accept: application/vnd.kafka.records` the raw record batches, byte for byte
 * what brokers fetch; with `Accept: text/event-stream` events, for as long as the reader stays (`metadata-events.ts`).
 * Of the first two one answer is one range: the reader goes on at `Kafka-Next-Offset`, and `wait_ms` holds an answer
 * that would be empty. Only committed records are shown, and none is skipped: what is not in the log any more is in a
 * snapshot, which the refusal names. Who says of which epoch his last record was is told when this is another log.
 */
import { Hono } from "hono";
import { HEADERS } from "../../durable-objects/contract.ts";
import { isControlRecordType, isMetadataRecordType } from "../../src/protocol/index.ts";
import { demandRole } from "../access/authenticate.ts";
import { RAW_ROLES } from "../access/permissions.ts";
import { clusterKey } from "../channel/controller-calls.ts";
import type { Scope, ScopedContext } from "../env.ts";
import { acceptedTypes, ANY_TYPE } from "../http/accepted-types.ts";
import { integerParameter, invalid } from "../http/fields.ts";
import { Problem } from "../http/errors.ts";
import type { CommittedRange } from "../observer/committed-log.ts";
import { assertReaches, follow } from "../observer/followed-log.ts";
import type { FollowedRange, Place } from "../observer/followed-tail.ts";
import { logFilter, wantedOf, type LogFilter } from "../observer/log-filter.ts";
import { sourceOf } from "../observer/log-source.ts";
import { inPieces, logLines, type LogLine } from "../observer/log-lines.ts";
import { observeFor } from "../observer/metadata-read.ts";
import { streamEvents } from "./metadata-events.ts";
import { startOf } from "./snapshots.ts";

const RAW_TYPE = "application/vnd.kafka.records";
const LINES_TYPE = "application/x-ndjson";
const EVENTS_TYPE = "text/event-stream";
/** Who asks for JSON, or for anything, gets lines of it. */
const LINES_RANGES: readonly string[] = [
  LINES_TYPE,
  "application/ndjson",
  "application/json",
  "application/*",
  ANY_TYPE,
];

/** Proxies commonly close a request that is idle for longer. */
const WAIT_MS_MAX = 30_000;
const BYTES = 1024 * 1024;
/** A range is held whole while it is turned into lines, which are several times its size. */
const BYTES_MAX = 8 * 1024 * 1024;
/** Of a list in a parameter. */
const NAMES_MAX = 100;
const EPOCH_MAX = 0x7fff_ffff;

export const metadataLog = new Hono<Scope>();

metadataLog.get("/", async (context) => {
  const accept = context.req.header("Accept");
  const response = await answerAs(acceptedTypes(accept), context);
  response.headers.append("Vary", "Accept");
  return response;
});

function answerAs(accepted: readonly string[], context: ScopedContext): Promise<Response> {
  if (accepted.includes(RAW_TYPE)) return answerRaw(context);
  if (accepted.includes(EVENTS_TYPE)) return answerEvents(context);
  if (accepted.some((type) => LINES_RANGES.includes(type))) return answerLines(context);
  if (accepted.includes("text/*")) return answerEvents(context);
  context.header("Vary", "Accept");
  throw new Problem(
    "NOT_ACCEPTABLE",
    `Accept: the log is to be had as ${LINES_TYPE}, ${RAW_TYPE} or ${EVENTS_TYPE}`,
  );
}

async function answerEvents(context: ScopedContext): Promise<Response> {
  for (const name of ["max_bytes", "wait_ms"])
    if (context.req.query(name) !== undefined)
      throw new Problem("INVALID_REQUEST", `${name}: a stream of events has no such bound`);
  return await streamEvents(context, {
    from: placeIn(context, context.req.header("Last-Event-ID")),
    keeps: await filterIn(context),
    explained: (problem, offset) => explained(context, problem, offset),
  });
}

async function answerLines(context: ScopedContext): Promise<Response> {
  const from = placeIn(context);
  const bounds = boundsIn(context);
  const keeps = await filterIn(context);
  const source = sourceOf(context);
  let lines: Iterable<LogLine>;
  if (bounds.waitMs > 0) {
    const range = await followed(context, from, bounds);
    lines = range.lines;
    describeRange(context, seenEnd(from, range), range);
  } else {
    const range = await rangeAt(context, from, bounds.maxBytes);
    if (range.highWatermark < from.offset) await assertReaches(source, from.offset);
    lines = logLines(range.batches, from.offset, range.causes);
    describeRange(context, endOf(from, range), range);
  }
  return context.body(bodyOf(lines, keeps), 200, { "Content-Type": LINES_TYPE });
}

async function answerRaw(context: ScopedContext): Promise<Response> {
  demandRole(context.var.asker, RAW_ROLES);
  for (const name of ["types", "topics"])
    if (context.req.query(name) !== undefined)
      throw new Problem("INVALID_REQUEST", `${name}: record batches are whole, and come all`);
  const from = placeIn(context);
  const bounds = boundsIn(context);
  const source = sourceOf(context);
  const awaited = bounds.waitMs > 0 ? await followed(context, from, bounds) : undefined;
  if (awaited?.end.offset === from.offset) {
    describeRange(context, seenEnd(from, awaited), awaited);
    return context.body(null, 200, { "Content-Type": RAW_TYPE });
  }
  const range = await rangeAt(context, from, bounds.maxBytes);
  if (range.highWatermark < from.offset) await assertReaches(source, from.offset);
  describeRange(context, endOf(from, range), range);
  return context.body(range.bytes, 200, { "Content-Type": RAW_TYPE });
}

/** Where the reader goes on: behind the last event that he has seen, or where the query says. */
function placeIn(context: ScopedContext, lastEventId?: string): Place {
  const { req } = context;
  const number = (name: string, max: number): number | undefined =>
    integerParameter(req.query(name), name, { min: 0, max });
  const offset = number("from_offset", Number.MAX_SAFE_INTEGER);
  const epoch = number("from_epoch", EPOCH_MAX);
  if (epoch !== undefined && offset === undefined)
    throw new Problem("INVALID_REQUEST", "from_epoch: says nothing without from_offset");
  if (lastEventId === undefined || lastEventId === "") return { offset: offset ?? 0, epoch };
  const [, seenEpoch, seenOffset] = /^(\d{1,10}):(\d{1,15})$/.exec(lastEventId) ?? [];
  if (seenEpoch === undefined || Number(seenEpoch) > EPOCH_MAX)
    throw invalid("Last-Event-ID", "<epoch>:<offset>, as the events have it");
  return { offset: Number(seenOffset) + 1, epoch: Number(seenEpoch) };
}

interface Bounds {
  readonly maxBytes: number;
  readonly waitMs: number;
}

function boundsIn({ req }: ScopedContext): Bounds {
  const number = (name: string, max: number): number | undefined =>
    integerParameter(req.query(name), name, { min: 0, max });
  return {
    maxBytes: number("max_bytes", BYTES_MAX) ?? BYTES,
    waitMs: number("wait_ms", WAIT_MS_MAX) ?? 0,
  };
}

/** What the reader wants to see. Names of topics are those of now. */
async function filterIn(context: ScopedContext): Promise<LogFilter> {
  const types = namesIn(context.req.query("types"), "types");
  for (const type of types ?? [])
    if (!isMetadataRecordType(type) && !isControlRecordType(type))
      throw invalid(
        "types",
        `names of record types, as TOPIC_RECORD; ${type.slice(0, 100)} is none`,
      );
  const topics = namesIn(context.req.query("topics"), "topics");
  const image = topics === null ? null : (await observeFor(context, {})).image;
  return logFilter({ types, topics }, image);
}

function namesIn(text: string | undefined, name: string): ReadonlySet<string> | null {
  if (text === undefined) return null;
  const names = text.split(",").filter((each) => each !== "");
  if (names.length === 0 || names.length > NAMES_MAX)
    throw invalid(name, `1 to ${NAMES_MAX} names, with commas between them`);
  return new Set(names);
}

/** Waits together with all who follow the log here. */
async function followed(
  context: ScopedContext,
  from: Place,
  bounds: Bounds,
): Promise<FollowedRange> {
  const { entry } = context.var;
  const source = sourceOf(context);
  const { signal } = context.req.raw;
  return await explaining(context, from, () =>
    follow(clusterKey(entry), source, { from, ...bounds, signal }),
  );
}

const rangeAt = (context: ScopedContext, from: Place, maxBytes: number): Promise<CommittedRange> =>
  explaining(context, from, () =>
    sourceOf(context).range({
      fromOffset: from.offset,
      fromEpoch: from.epoch,
      maxBytes,
      waitMs: 0,
      withCauses: true,
    }),
  );

async function explaining<Range>(
  context: ScopedContext,
  from: Place,
  work: () => Promise<Range>,
): Promise<Range> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof Problem ? await explained(context, error, from.offset) : error;
  }
}

/** Where the log begins above an offset, the refusal says which snapshot to begin with, and where to go on. */
async function explained(
  context: ScopedContext,
  problem: Problem,
  fromOffset: number,
): Promise<Problem> {
  if (problem.kind !== "OFFSET_BELOW_LOG_START") return problem;
  const source = sourceOf(context);
  const [newest] = (await source.offers()).snapshots;
  if (newest === undefined || newest.endOffset <= fromOffset) return problem;
  const details = { snapshot: startOf(context, newest), next_offset: newest.endOffset };
  return new Problem(problem.kind, problem.message, { details });
}

/** Of a reader for whom nothing has come, nobody has said of which epoch the record before is. */
const seenEnd = ({ offset }: Place, { end }: FollowedRange): Place =>
  end.offset > offset ? end : { offset, epoch: undefined };

const endOf = (from: Place, { end, batches }: CommittedRange): Place => ({
  offset: Math.max(from.offset, end),
  epoch: batches.at(-1)?.leaderEpoch,
});

function describeRange(
  context: ScopedContext,
  { offset, epoch }: Place,
  { highWatermark, logStart }: Pick<CommittedRange, "highWatermark" | "logStart">,
): void {
  context.header(HEADERS.nextOffset, String(offset));
  context.header(HEADERS.highWatermark, String(highWatermark));
  context.header(HEADERS.logStartOffset, String(logStart));
  context.header("Cache-Control", "no-cache");
  if (epoch !== undefined && offset > 0) context.set("position", { offset: offset - 1, epoch });
}

/** Lines as a stream, some at a time, so that the whole text of a large range is never in memory. */
function bodyOf(lines: Iterable<LogLine>, keeps: LogFilter): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const pieces = inPieces(wantedOf(lines, keeps));
  return new ReadableStream({
    pull(controller) {
      const next = pieces.next();
      if (next.done === true) controller.close();
      else controller.enqueue(encoder.encode(next.value));
    },
  });
}
