/**
 * The committed log as a resource: record batches as stored, resumable at any offset, committed records only. With
 * `wait_ms` the answer is held until there is something new, as a broker's Fetch is.
 */
import type { Controller } from "../controller.ts";
import { HEADERS, STATUS, refusal, type LogQuery } from "../contract.ts";
import { HungUp } from "../hung-up.ts";
import { streamOf } from "../listener/shared-frame.ts";

const BYTES_DEFAULT = 1_048_576;
/** One answer must fit an isolate's memory many times over. */
const BYTES_MAX = 8 * 1_048_576;
/** A held request keeps its object awake and billed. */
const WAIT_MS_MAX = 30_000;
/** What all answers under way may hold together: any number of readers may ask at once, of one isolate's memory. */
const HELD_BYTES_MAX = 2 * BYTES_MAX;
/** An answer this small is not counted: a row and a few of them are noise beside an isolate. */
const SMALL_BYTES = 65_536;
/** A reader that has neither taken its answer nor gone by then is not waited for. */
const HELD_MS_MAX = 60_000;
/** Requests that wait for a commit, of which each holds a timer and a promise. */
const WAITING_MAX = 1_000;

/** What the answers of one controller hold, and how many requests wait. */
interface Load {
  bytes: number;
  waiting: number;
}

const loads = new WeakMap<Controller, Load>();

/** `signal` is aborted when the caller hangs up: nothing is waited for or read on its behalf any more. */
export async function readFeed(
  voter: Controller,
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<Response> {
  const from = numberIn(query, "from_offset", { fallback: 0, max: Number.MAX_SAFE_INTEGER });
  const maxBytes = numberIn(query, "max_bytes", { fallback: BYTES_DEFAULT, max: BYTES_MAX });
  const waitMs = numberIn(query, "wait_ms", { fallback: 0, max: WAIT_MS_MAX });
  if (from === null || maxBytes === null || waitMs === null) {
    const bounds = `max_bytes (at most ${BYTES_MAX}) and wait_ms (at most ${WAIT_MS_MAX})`;
    return refusal(400, `from_offset, ${bounds} are whole numbers from 0`);
  }
  const { startOffset } = voter.state.log;
  if (from < startOffset) {
    const message = `the log begins at ${startOffset}; earlier records are in a snapshot`;
    return refusal(STATUS.belowLogStart, message);
  }
  const load = loads.get(voter) ?? { bytes: 0, waiting: 0 };
  loads.set(voter, load);
  if (load.waiting >= WAITING_MAX) return overloaded("too many readers wait for a commit");
  load.waiting += 1;
  await commitBeyond(voter, from, { waitMs, signal }).finally(() => (load.waiting -= 1));
  if (signal.aborted) throw new HungUp();
  // Fewer bytes than were asked for are no fault: the answer says where it ends.
  const free = HELD_BYTES_MAX - load.bytes;
  if (free < SMALL_BYTES) return overloaded("too much of the log is being read");
  const { bytes, endOffset } = voter.readCommitted({ from, maxBytes: Math.min(maxBytes, free) });
  return new Response(bytes.byteLength <= SMALL_BYTES ? bytes : held(load, bytes), {
    headers: {
      "content-type": "application/octet-stream",
      [HEADERS.nextOffset]: String(endOffset),
      [HEADERS.highWatermark]: String(voter.highWatermark ?? -1),
      [HEADERS.logStartOffset]: String(startOffset),
    },
  });
}

/** The bytes as a body, counted until they are taken. */
function held(load: Load, bytes: Uint8Array): ReadableStream<Uint8Array> {
  load.bytes += bytes.byteLength;
  let isHeld = true;
  const release = (): void => {
    if (isHeld) load.bytes -= bytes.byteLength;
    isHeld = false;
    clearTimeout(timer);
  };
  const timer = setTimeout(release, HELD_MS_MAX);
  return streamOf([bytes], release);
}

const overloaded = (message: string): Response =>
  Response.json({ error_code: 503, message }, { status: 503, headers: { "retry-after": "1" } });

/** Waits until something above `from` is committed, at most `waitMs`, and no longer than the caller does. */
async function commitBeyond(
  voter: Controller,
  from: number,
  { waitMs, signal }: { readonly waitMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const until = Date.now() + waitMs;
  for (;;) {
    const left = until - Date.now();
    if ((voter.highWatermark ?? 0) > from || left <= 0 || signal.aborted) return;
    // oxlint-disable-next-line no-await-in-loop -- one commit after the other
    await new Promise<void>((resolve) => {
      const done = voter.nextCommit(left, resolve);
      signal.addEventListener("abort", done, { once: true });
    });
  }
}

/** A whole number from 0 to `max`; null when the text is anything else. */
function numberIn(
  query: URLSearchParams,
  name: keyof LogQuery,
  { fallback, max }: { readonly fallback: number; readonly max: number },
): number | null {
  const text = query.get(name);
  if (text === null) return fallback;
  return /^\d{1,16}$/.test(text) && Number(text) <= max ? Number(text) : null;
}
