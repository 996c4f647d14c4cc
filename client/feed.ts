/**
 * The committed log as it grows: every record once, in order, through failures of the network and of the edge, from the
 * last record that was seen. A log that goes on without what was seen, as after a deletion and a new cluster of the
 * same id, is not silently continued: the feed says so and ends.
 */
import { paused } from "./caller.ts";
import type { Asking } from "./cluster-calls.ts";
import type { LogAnswer, LogLine, MetadataLog } from "./metadata-log.ts";
import { RefusedError, type Position } from "./refused-error.ts";

export type FeedEvent =
  /** Empty when nothing came for a while: then everything was seen up to `highWatermark`, as of now. */
  | { readonly kind: "records"; readonly lines: readonly LogLine[]; readonly highWatermark: number }
  /** Nothing answers, or it refuses for a while; tried again after `retryInMs`. */
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
  /** How long a quiet feed is silent, in ms; the interface holds an answer for 30,000 at most. */
  readonly quietMs?: number;
}

const QUIET_MS = 25_000;
const RETRY_MS = 500;
const RETRY_MS_MAX = 15_000;

/** Ends with `diverged`, or by throwing: the signal's reason, or a `RefusedError` that time does not mend. */
export async function* feed(
  log: MetadataLog,
  { from, after, quietMs = QUIET_MS, signal }: FeedWish,
): AsyncGenerator<FeedEvent, void, undefined> {
  let seen = after ?? null;
  let next = seen === null ? from : seen.offset + 1;
  // Whether the log still holds the last record is asked whenever a connection was lost: meanwhile anything happened.
  let isSure = seen === null;
  let failures = 0;
  while (true) {
    signal?.throwIfAborted();
    try {
      if (!isSure && seen !== null && !(await holds(log, seen, signal))) {
        yield { kind: "diverged", seen };
        return;
      }
      isSure = true;
      const waitMs = failures === 0 ? quietMs : 0;
      const range = await log.range({ from: next, waitMs, ...signalled(signal) });
      if (isShorter(range, next)) {
        yield { kind: "diverged", seen: seen ?? { offset: next - 1, epoch: -1 } };
        return;
      }
      failures = 0;
      const last = range.lines.at(-1);
      if (last !== undefined) seen = { offset: last.offset, epoch: last.leader_epoch };
      ({ next } = range);
      yield { kind: "records", lines: range.lines, highWatermark: range.highWatermark };
    } catch (error) {
      signal?.throwIfAborted();
      const refused = interruption(error);
      const goOn = refused.refusal.next_offset;
      if (goOn !== undefined && goOn > next) {
        next = goOn;
        seen = null;
        yield { kind: "compacted", next };
        continue;
      }
      failures += 1;
      isSure = false;
      const retryInMs = refused.retryAfterMs ?? backoffMs(failures);
      yield { kind: "interrupted", error: refused, retryInMs };
      await paused(retryInMs, signal);
    }
  }
}

/** Whether the log has that record. One that was cut away since is held by what came after it. */
async function holds(
  log: MetadataLog,
  { offset, epoch }: Position,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (offset < 0) return true;
  try {
    const { lines } = await log.range({ from: offset, maxBytes: 1, ...signalled(signal) });
    const line = lines.find((each) => each.offset === offset);
    return line !== undefined && line.leader_epoch === epoch;
  } catch (error) {
    if (error instanceof RefusedError && error.status === 410) return true;
    throw error;
  }
}

/** A committed log never shrinks. */
const isShorter = ({ lines, highWatermark }: LogAnswer, next: number): boolean =>
  lines.length === 0 && highWatermark < next;

/** What time may mend; anything else is thrown on. */
function interruption(error: unknown): RefusedError {
  if (error instanceof RefusedError) {
    const { status, errorCode } = error;
    const mends = status === 0 || status === 429 || status >= 500;
    const isCompacted = status === 410 && error.refusal.next_offset !== undefined;
    if ((mends && errorCode !== 50_307) || isCompacted) return error;
    throw error;
  }
  // A body that broke off, or was cut within a line.
  if (error instanceof SyntaxError || error instanceof TypeError) {
    const refusal = { error_code: 0, message: `the feed broke off (${error.message})` };
    return new RefusedError("metadata-log", { status: 0, refusal, cause: error });
  }
  throw error;
}

const backoffMs = (failures: number): number =>
  Math.min(RETRY_MS_MAX, RETRY_MS * 2 ** Math.min(failures - 1, 10)) * (0.5 + Math.random() / 2);

const signalled = (signal: AbortSignal | undefined): Asking =>
  signal === undefined ? {} : { signal };
