/**
 * The committed log as a resource: record batches as stored, resumable at any offset, committed records only. With
 * `wait_ms` the answer is held until there is something new, as a broker's Fetch is.
 */
import type { Controller } from "../controller.ts";
import { HEADERS, STATUS, refusal, type LogQuery } from "../contract.ts";

const BYTES_DEFAULT = 1_048_576;
/** One answer must fit an isolate's memory many times over. */
const BYTES_MAX = 8 * 1_048_576;
/** A held request keeps its object awake and billed. */
const WAIT_MS_MAX = 30_000;

export async function readFeed(voter: Controller, query: URLSearchParams): Promise<Response> {
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
  await commitBeyond(voter, from, waitMs);
  const { bytes, endOffset } = voter.readCommitted({ from, maxBytes });
  return new Response(bytes, {
    headers: {
      "content-type": "application/octet-stream",
      [HEADERS.nextOffset]: String(endOffset),
      [HEADERS.highWatermark]: String(voter.highWatermark ?? -1),
      [HEADERS.logStartOffset]: String(startOffset),
    },
  });
}

/** Waits until something above `from` is committed, at most `waitMs`. */
async function commitBeyond(voter: Controller, from: number, waitMs: number): Promise<void> {
  const until = Date.now() + waitMs;
  for (;;) {
    const left = until - Date.now();
    if ((voter.highWatermark ?? 0) > from || left <= 0) return;
    // oxlint-disable-next-line no-await-in-loop -- one commit after the other
    await new Promise<void>((resolve) => voter.nextCommit(left, resolve));
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
