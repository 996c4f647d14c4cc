/**
 * The committed log as a resource: record batches as stored, resumable at any offset, committed records only. With
 * `wait_ms` the answer is held until there is something new, as a broker's Fetch is.
 */
import { endOffsetForEpoch, leaderOf } from "../../src/raft/index.ts";
import type { Controller } from "../controller.ts";
import { causesHeader } from "../cause-contract.ts";
import { HEADERS, STATUS, refusal } from "../contract.ts";
import { HungUp } from "../hung-up.ts";
import { SMALL_BYTES, heldBody, overloaded, roomFor } from "./held-bytes.ts";
import { numberIn } from "./numbers.ts";

const BYTES_DEFAULT = 1_048_576;
/** One answer must fit an isolate's memory many times over. */
const BYTES_MAX = 8 * 1_048_576;
/** A held request keeps its object awake and billed. */
const WAIT_MS_MAX = 30_000;
/** Of a reader that does not say of which epoch the record before is. */
const NO_EPOCH = -1;
/** Requests that wait for a commit, of which each holds a timer and a promise. */
const WAITING_MAX = 1_000;

const waiting = new WeakMap<Controller, number>();

/** `signal` is aborted when the caller hangs up: nothing is waited for or read on its behalf any more. */
export async function readFeed(
  voter: Controller,
  query: URLSearchParams,
  signal: AbortSignal,
): Promise<Response> {
  const from = numberIn(query, "from_offset", { fallback: 0, max: Number.MAX_SAFE_INTEGER });
  const fromEpoch = numberIn(query, "from_epoch", { fallback: NO_EPOCH, max: 0x7fff_ffff });
  const maxBytes = numberIn(query, "max_bytes", { fallback: BYTES_DEFAULT, max: BYTES_MAX });
  const waitMs = numberIn(query, "wait_ms", { fallback: 0, max: WAIT_MS_MAX });
  if (from === null || fromEpoch === null || maxBytes === null || waitMs === null) {
    const bounds = `max_bytes (at most ${BYTES_MAX}) and wait_ms (at most ${WAIT_MS_MAX})`;
    return refusal(400, `from_offset, from_epoch, ${bounds} are whole numbers from 0`);
  }
  if (isCut(voter, from)) return belowStart(voter);
  if (isOfAnotherLog(voter, from, fromEpoch)) return diverged(voter, from, fromEpoch);
  if (waitingFor(voter) >= WAITING_MAX) return overloaded("too many readers wait for a commit");
  waiting.set(voter, waitingFor(voter) + 1);
  await commitBeyond(voter, from, { waitMs, signal }).finally(() =>
    waiting.set(voter, waitingFor(voter) - 1),
  );
  if (signal.aborted) throw new HungUp();
  // It may have been cut meanwhile, and a read would begin above what was asked for.
  if (isCut(voter, from)) return belowStart(voter);
  if (isOfAnotherLog(voter, from, fromEpoch)) return diverged(voter, from, fromEpoch);
  // Fewer bytes than were asked for are no fault: the answer says where it ends.
  const free = roomFor(voter);
  if (free < SMALL_BYTES) return overloaded("too much of the log is being read");
  const { bytes, endOffset } = voter.readCommitted({ from, maxBytes: Math.min(maxBytes, free) });
  return new Response(heldBody(voter, bytes), {
    headers: {
      "content-type": "application/octet-stream",
      [HEADERS.nextOffset]: String(endOffset),
      [HEADERS.highWatermark]: String(voter.highWatermark ?? -1),
      ...ageHeader(voter),
      [HEADERS.logStartOffset]: String(voter.state.log.startOffset),
      ...(query.get("causes") === "1" ? causeHeaders(voter, from, endOffset) : {}),
    },
  });
}

/** What the active controller knows of who caused the records; of another node, who would. */
function causeHeaders(
  voter: Controller,
  from: number,
  endOffset: number,
): Readonly<Record<string, string>> {
  if (voter.isActive) return causesHeader(voter.causes.within(from, endOffset));
  const leader = leaderOf(voter.state);
  return leader === null ? {} : { [HEADERS.leaderId]: String(leader.leaderId) };
}

/** Nobody but a leader can say of what age its knowledge is, and it cannot always. */
function ageHeader({ confirmedAgeMs }: Controller): Readonly<Record<string, string>> {
  return confirmedAgeMs === null ? {} : { [HEADERS.confirmedAge]: String(confirmedAgeMs) };
}

const isCut = (voter: Controller, from: number): boolean => from < voter.state.log.startOffset;

/**
 * Whether the record before `from` is of another epoch here. It is judged where that record is committed: what a node
 * does not have yet it cannot judge.
 */
function isOfAnotherLog(voter: Controller, from: number, fromEpoch: number): boolean {
  if (fromEpoch === NO_EPOCH || from === 0 || (voter.highWatermark ?? 0) < from) return false;
  const end = endOffsetForEpoch(voter.state.log, fromEpoch);
  return end.epoch !== fromEpoch || end.endOffset < from;
}

function diverged(voter: Controller, from: number, fromEpoch: number): Response {
  const { epoch, endOffset } = endOffsetForEpoch(voter.state.log, fromEpoch);
  const message = `offset ${from - 1} is of another epoch than ${fromEpoch} here, where epoch ${epoch} ends at ${endOffset}: it was read from another log`;
  return refusal(STATUS.conflict, message);
}

function belowStart(voter: Controller): Response {
  const { startOffset } = voter.state.log;
  const message = `the log begins at ${startOffset}; earlier records are in a snapshot`;
  return refusal(STATUS.gone, message);
}

const waitingFor = (voter: Controller): number => waiting.get(voter) ?? 0;

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
