/**
 * The end of a cluster's log as all of an isolate's followers share it: one of them waits at a controller, and what
 * comes is everybody's. So a thousand that have nothing to read cost a controller what one does.
 *
 * Whoever waits at the controller may be gone in the middle of it: then its pulse stops, and another takes its place.
 */
import { holding } from "../holding.ts";
import { Problem } from "../http/errors.ts";
import { Recent } from "../recent.ts";
import { awaited, wake, type Awaiting } from "./awaited.ts";
import type { CommittedRange } from "./committed-log.ts";
import {
  assertSameLog,
  lengthened,
  nothingAt,
  rangeAlone,
  sharedOf,
  tailAt,
  type FollowedRange,
  type Place,
  type Tail,
} from "./followed-tail.ts";
import type { LogSource } from "./log-source.ts";

export interface FollowRequest {
  readonly from: Place;
  /** How much of the log is read at once where that is for this reader alone; 256 KiB unless said. */
  readonly maxBytes?: number;
  /** How long there may be nothing new. */
  readonly waitMs: number;
  /** Aborted when the reader is gone. */
  readonly signal?: AbortSignal | undefined;
}

interface Followed {
  tail: Tail | undefined;
  /** Who waits at a controller; undefined while nobody does. */
  puller: { aliveMs: number } | undefined;
  /** Readers that wait for what is pulled. */
  readonly waiting: Awaiting;
  /** Why the last wait at a controller came to nothing, and when. */
  failure: { readonly problem: Problem; readonly atMs: number } | undefined;
}

/** How long one wait at a controller is: so often one is asked while nothing happens. A controller holds 30 s. */
const PULL_MS = 25_000;
const RANGE_BYTES = 256 * 1_024;
/** How long a controller that knows less than was seen already may take to learn of it. */
const BEHIND_MS = 1_000;
/** Of the lines that an isolate keeps of all clusters. */
const CHARACTERS_MAX = 8 * 1_048_576;
const CLUSTERS_MAX = 1_000;
/** Every second whoever waits at a controller shows that it is there; the others look now and then. */
const PULSE_MS = 1_000;
const LOST_MS = 4_000;
const LOOK_MS = 5_000;
/** For so long the leader is asked whether the log ends before a reader's place. */
const CONFIRM_MS = 5_000;

const all = new Recent<Followed>(CLUSTERS_MAX);

/**
 * What comes next after `from`; without lines, and ending there, when nothing has come within `waitMs`. A `Problem`
 * LOG_DIVERGED where the log is not the one that the reader has read before, OFFSET_BELOW_LOG_START where it begins
 * above `from`, and what a call of the controllers is refused with.
 */
export async function follow(
  key: string,
  source: LogSource,
  request: FollowRequest,
): Promise<FollowedRange> {
  const { from, waitMs, signal } = request;
  const startMs = Date.now();
  let isConfirmed = false;
  for (;;) {
    signal?.throwIfAborted();
    const followed = followedOf(key);
    const { tail, failure } = followed;
    const leftMs = startMs + waitMs - Date.now();
    // One that comes is told of what has failed since, and not of what failed before.
    if (failure !== undefined && failure.atMs > startMs) throw failure.problem.again();
    if (tail === undefined) {
      if (isPulled(followed)) await awaited(followed.waiting, LOOK_MS, signal);
      else await pull(followed, signal, (pulse) => open(followed, source, request, pulse));
      continue;
    }
    if (from.offset < tail.start.offset) {
      const range = await readAlone(source, request, BEHIND_MS);
      if (range.batches.length > 0) return rangeAlone(range, from);
      if (leftMs <= 0) return nothingAt(tail, from);
      continue;
    }
    assertSameLog(tail, from);
    if (from.offset < tail.end.offset) return sharedOf(tail, from.offset);
    if (from.offset > tail.end.offset && !isConfirmed) {
      await assertReaches(source, from.offset);
      isConfirmed = true;
    }
    if (leftMs <= 0) return nothingAt(tail, from);
    if (isPulled(followed)) await awaited(followed.waiting, Math.min(LOOK_MS, leftMs), signal);
    else {
      await pull(followed, signal, (pulse) =>
        extend(followed, tail, { source, signal, leftMs }, pulse),
      );
      keepWithin(key);
    }
  }
}

function followedOf(key: string): Followed {
  const known = all.get(key);
  if (known !== undefined) return known;
  const fresh: Followed = {
    tail: undefined,
    puller: undefined,
    waiting: new Set(),
    failure: undefined,
  };
  all.set(key, fresh);
  return fresh;
}

const isPulled = ({ puller }: Followed): boolean =>
  puller !== undefined && Date.now() - puller.aliveMs <= LOST_MS;

/** Whether the one that began to ask is still the one that asks: else what it brings is nobody's. */
type Pulse = () => boolean;

/** Asks for all: `work` tells whether it has brought anything. */
async function pull(
  followed: Followed,
  signal: AbortSignal | undefined,
  work: (pulse: Pulse) => Promise<boolean>,
): Promise<void> {
  const own = { aliveMs: Date.now() };
  followed.puller = own;
  const beat = setInterval(() => {
    own.aliveMs = Date.now();
  }, PULSE_MS);
  const isOwn: Pulse = () => followed.puller === own;
  let isNews = false;
  const asking = async (): Promise<void> => {
    try {
      isNews = await work(isOwn);
    } catch (error) {
      isNews = true;
      // A reader that is gone says nothing of the log.
      if (error instanceof Problem && isOwn()) fail(followed, error);
      throw error;
    }
  };
  await holding(signal, asking, () => {
    clearInterval(beat);
    if (isOwn()) followed.puller = undefined;
    // Without any news one is enough, which asks next if this one does not.
    wake(followed.waiting, isNews ? undefined : 1);
  });
}

/** Of a log that is another one, or was cut above its end, the tail leads nowhere. */
function fail(followed: Followed, problem: Problem): void {
  followed.failure = { problem, atMs: Date.now() };
  if (problem.kind === "LOG_DIVERGED" || problem.kind === "OFFSET_BELOW_LOG_START")
    followed.tail = undefined;
}

/**
 * Begins the tail: with what comes after the reader's place where that leads to the end of the log, else at the end.
 */
async function open(
  followed: Followed,
  source: LogSource,
  request: FollowRequest,
  pulse: Pulse,
): Promise<boolean> {
  const { from } = request;
  const range = await readAlone(source, request, 0);
  if (!pulse()) return true;
  const { highWatermark } = range;
  const end: Place = { offset: highWatermark, epoch: undefined };
  const start = range.end >= highWatermark && range.end >= from.offset ? from : end;
  followed.tail = lengthened(tailAt(start, range), range);
  if (from.offset > highWatermark) await assertReaches(source, from.offset);
  return true;
}

/** Waits at a controller for what comes after the tail. */
async function extend(
  followed: Followed,
  tail: Tail,
  {
    source,
    signal,
    leftMs,
  }: Pick<FollowRequest, "signal"> & { readonly source: LogSource; readonly leftMs: number },
  pulse: Pulse,
): Promise<boolean> {
  const { offset: fromOffset, epoch: fromEpoch } = tail.end;
  const range = await source.range({
    fromOffset,
    fromEpoch,
    maxBytes: RANGE_BYTES,
    waitMs: Math.min(PULL_MS, leftMs),
    withCauses: true,
    signal,
  });
  if (range.highWatermark < fromOffset) await assertReaches(source, fromOffset);
  if (!pulse() || followed.tail !== tail) return true;
  followed.tail = lengthened(tail, range);
  followed.failure = undefined;
  return range.batches.length > 0;
}

/** What was asked of a controller for this reader alone. */
const readAlone = (
  source: LogSource,
  { from, maxBytes = RANGE_BYTES, signal }: FollowRequest,
  waitMs: number,
): Promise<CommittedRange> =>
  source.range({
    fromOffset: from.offset,
    fromEpoch: from.epoch,
    maxBytes: Math.min(maxBytes, RANGE_BYTES),
    waitMs,
    withCauses: true,
    signal,
  });

/**
 * Throws a `Problem` where a majority confirms that the log ends before `offset`: whoever has read so far has read
 * another one. Of a cluster that others run nobody can say.
 */
export async function assertReaches(source: LogSource, offset: number): Promise<void> {
  if (source.isObserved) return;
  const end = await source.readIndex(CONFIRM_MS);
  if (offset <= end) return;
  throw new Problem(
    "LOG_DIVERGED",
    `the log ends at ${end}: whoever has read up to ${offset} has read another one, as that of a cluster which was deleted`,
    { details: { high_watermark: end } },
  );
}

/** Drops lines of the clusters that were looked at least recently until all have room. */
function keepWithin(key: string): void {
  const kept = all.entries();
  let characters = kept.reduce((sum, [, { tail }]) => sum + (tail?.characters ?? 0), 0);
  for (const [name, followed] of kept) {
    if (characters <= CHARACTERS_MAX) return;
    if (name === key || followed.tail === undefined) continue;
    characters -= followed.tail.characters;
    followed.tail = tailAt(followed.tail.end, followed.tail);
  }
}
