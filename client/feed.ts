/**
 * The committed log as it grows: every record once, in order, through failures of the network and of the edge, from the
 * last record that was seen. It reads server-sent events, which end by themselves after a while, and comes back with
 * the place of the last record. A log that goes on without what was seen, as after a deletion and a new cluster of the
 * same id, is not silently continued: the feed says so and ends.
 */
import { paused } from "./caller.ts";
import type { Asking } from "./cluster-calls.ts";
import { eventsIn, type ServerEvent } from "./event-stream.ts";
import type { LogLine, MetadataLog } from "./metadata-log.ts";
import { RefusedError, type Position, type Refusal } from "./refused-error.ts";

export type FeedEvent =
  /**
   * What was committed, as far as it is wanted; none in a sign of life. `next` is where the feed goes on. At
   * `highWatermark` or beyond, everything that is known to be committed was seen; null while there is more to come.
   */
  | {
      readonly kind: "records";
      readonly lines: readonly LogLine[];
      readonly next: number;
      readonly highWatermark: number | null;
    }
  /** Nothing answers, or no controller serves the log; asked again after `retryInMs`, or told by itself when 0. */
  | { readonly kind: "interrupted"; readonly error: RefusedError; readonly retryInMs: number }
  /** What lay before `next` is in snapshots alone: the reader has to look at the state anew, and the feed goes on. */
  | { readonly kind: "compacted"; readonly next: number }
  /** The log does not hold what was seen: everything has to be looked at anew. The feed ends. */
  | { readonly kind: "diverged"; readonly seen: Position };

export interface FeedWish extends Asking {
  /** Offset of the first record to show. */
  readonly from: number;
  /** The last record that was seen before, which the log must still hold; then the feed goes on after it. */
  readonly after?: Position;
  /** Only records of these types, and about these topics, by name or id; all where it is absent. */
  readonly types?: readonly string[];
  readonly topics?: readonly string[];
}

/** A comment comes every 15 s. */
const SILENCE_MS = 40_000;
const RETRY_MS = 500;
const RETRY_MS_MAX = 15_000;
const DIVERGED = 40_909;

/** Where the reader is. */
interface Place {
  next: number;
  seen: Position | null;
  /** Exclusive, of the last time when everything had been seen; null since then. */
  highWatermark: number | null;
  /** Streams in a row that brought nothing. */
  failures: number;
}

/** Ends with `diverged`, or by throwing: the signal's reason, or a `RefusedError` that time does not mend. */
export async function* feed(
  log: MetadataLog,
  { from, after, types, topics, signal }: FeedWish,
): AsyncGenerator<FeedEvent, void, undefined> {
  const place: Place = {
    next: after === undefined ? from : after.offset + 1,
    seen: after ?? null,
    highWatermark: null,
    failures: 0,
  };
  const filter = { types: types?.join(","), topics: topics?.join(",") };
  while (true) {
    signal?.throwIfAborted();
    try {
      const response = await log.events({ ...place, ...filter, ...signalled(signal) });
      for await (const events of eventsIn(response, SILENCE_MS)) {
        place.failures = 0;
        yield* toldOf(events, place);
      }
      // It ended as streams do, or broke off unnoticed: the next one goes on.
      place.failures += 1;
      await paused(backoffMs(place.failures), signal);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof RefusedError)) throw error;
      const event = interruption(error, place);
      yield event;
      if (event.kind === "diverged") return;
      if (event.kind === "interrupted") await paused(event.retryInMs, signal);
    }
  }
}

/** What events say, in their order; throws a `RefusedError` for one that ends the stream. */
function* toldOf(
  events: readonly ServerEvent[],
  place: Place,
): Generator<FeedEvent, void, undefined> {
  let lines: LogLine[] = [];
  const records = (): FeedEvent => {
    const { next, highWatermark } = place;
    const told = { kind: "records", lines, next, highWatermark } as const;
    lines = [];
    return told;
  };
  for (const { name, data, id } of events) {
    const at = positionIn(id);
    if (at !== null) Object.assign(place, { seen: at, next: at.offset + 1 });
    switch (name) {
      case "message": {
        const line: LogLine = JSON.parse(data);
        lines.push(line);
        place.highWatermark = null;
        break;
      }
      case "position": {
        const ahead: Ahead = JSON.parse(data);
        // A committed log never shrinks.
        if (ahead.high_watermark < place.next) throw ended(409, { message: "the log is shorter" });
        place.highWatermark = ahead.high_watermark;
        yield records();
        break;
      }
      case "comment":
        if (place.highWatermark !== null) yield records();
        break;
      case "cut-off":
        if (lines.length > 0) yield records();
        yield { kind: "interrupted", error: ended(503, JSON.parse(data)), retryInMs: 0 };
        break;
      case "end": {
        if (lines.length > 0) yield records();
        const end: Refusal & { readonly reason: string } = JSON.parse(data);
        if (end.reason !== "time") throw ended(STATUSES[end.reason] ?? 503, end);
        break;
      }
    }
  }
  if (lines.length > 0) yield records();
}

interface Ahead {
  readonly high_watermark: number;
}

/** `<epoch>:<offset>`, of the last record that was shown or hidden; null of no such thing. */
function positionIn(id: string | null): Position | null {
  const [, epoch, offset] = /^(\d+):(\d+)$/.exec(id ?? "") ?? [];
  return epoch === undefined || offset === undefined
    ? null
    : { epoch: Number(epoch), offset: Number(offset) };
}

/** As what an `end` says is refused with at the beginning of a stream. */
const STATUSES: Readonly<Record<string, number>> = {
  diverged: 409,
  compacted: 410,
  unauthenticated: 401,
  deleted: 410,
};

function ended(status: number, told: Partial<Refusal>): RefusedError {
  const { error_code = 0, message = "the stream ended", ...more } = told;
  return new RefusedError("GET metadata-log", {
    status,
    refusal: { ...more, error_code, message },
  });
}

/** What a reader is told of a refusal; it is thrown on where time does not mend it. */
function interruption(error: RefusedError, place: Place): FeedEvent {
  const { status, errorCode, refusal } = error;
  if (status === 409 && [DIVERGED, 0].includes(errorCode))
    return { kind: "diverged", seen: place.seen ?? { offset: place.next - 1, epoch: -1 } };
  const { next_offset: next } = refusal;
  if (status === 410 && next !== undefined && next > place.next) {
    Object.assign(place, { next, seen: null });
    return { kind: "compacted", next };
  }
  const mends = (status === 0 || status === 429 || status >= 500) && errorCode !== 50_307;
  if (!mends) throw error;
  place.failures += 1;
  return {
    kind: "interrupted",
    error,
    retryInMs: Math.max(error.retryAfterMs ?? 0, backoffMs(place.failures)),
  };
}

const backoffMs = (failures: number): number =>
  Math.min(RETRY_MS_MAX, RETRY_MS * 2 ** Math.min(failures - 1, 10)) * (0.5 + Math.random() / 2);

const signalled = (signal: AbortSignal | undefined): Asking =>
  signal === undefined ? {} : { signal };
