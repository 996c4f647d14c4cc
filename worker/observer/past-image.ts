/**
 * Time travel: the image of a cluster as it was at an offset, from the newest snapshot at or below it and the log above
 * that. An operation is whole only at the end of its batch, and a metadata transaction only when it has ended
 * (KIP-868): so what is shown is the last state at or below the offset at which nothing was half done, and the position
 * says which.
 *
 * It is another image than the observed one and never becomes that. What has been committed stays as it is, so an image
 * of the past may be kept for as long as there is room.
 */
import { emptyImage, replayInSlices, type MetadataImage } from "../../src/metadata/index.ts";
import { holding } from "../holding.ts";
import { Problem } from "../http/errors.ts";
import { awaited, wake, type Awaiting } from "./awaited.ts";
import type { CommittedRange } from "./committed-log.ts";
import { withSecrets, withoutSecrets, type Decoding } from "./decoding.ts";
import { keepPast, makeRoomForImage, pastOf, type PastObservation } from "./kept-images.ts";
import type { LogSource } from "./log-source.ts";
import { nextEvent } from "./next-event.ts";
import { observationOf, type Observation } from "./observation.ts";
import { RANGE_BYTES_MAX, replayable } from "./observed-image.ts";
import { seenOf } from "./position.ts";
import { READING_BOUNDS, SharedWork, type Progress } from "./shared-work.ts";
import { loadSnapshot } from "./snapshot-image.ts";
import type { SnapshotOffers } from "./snapshots.ts";

/** So often a log is found cut while it is read: then there are newer snapshots, or none at or below the offset. */
const ATTEMPTS_MAX = 3;
/** Images that are made at a time: before one is made, nobody knows how large it will be. */
const MADE_MAX = 4;
/** So long somebody waits for his turn; it is looked for now and then. */
const TURN_MS = 10_000;
const LOOK_MS = 1_000;
/** How long a controller may take to learn what another one knows to be committed. */
const BEHIND_MS = 5_000;

/** Each ends with its reader: there may be one for each offset, and what nobody waits for takes nobody's turn. */
const works = new SharedWork(READING_BOUNDS);

/**
 * The image at or below `offset`. `base` is one of the same cluster and not above it: the image goes on from there, and
 * shares with it what did not change.
 */
export async function imageAt(
  key: string,
  offset: number,
  source: LogSource,
  base?: MetadataImage,
): Promise<Observation> {
  const name =
    base === undefined ? `${key}#${offset}` : `${key}#${base.provenance.endOffset}>${offset}`;
  let found: PastObservation | undefined;
  const make = async (progress: Progress): Promise<void> => {
    await expectCommitted(key, offset, source);
    const reading = { source, progress, decoding: withoutSecrets };
    const image = base ?? (await earlierImage(offset, reading));
    found = { ...observationOf(await replayedTo(offset, image, reading)), base };
    keepPast(name, found);
  };
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    found = pastOf(name);
    if (found !== undefined && found.base === base) return found;
    try {
      const { signal } = source;
      await works.run(name, (progress) => inTurn(progress, make, signal), { signal });
      if (found?.base === base && found !== undefined) return found;
    } catch (error) {
      if (!isGone(error) || base !== undefined) throw error;
    }
  }
  throw wasCut(offset);
}

/** One for each that is being made. */
const beingMade = new Set<object>();
const waiting: Awaiting = new Set();

/** Makes one as soon as fewer than the most are being made. A `Problem` where that takes too long. */
async function inTurn(
  progress: Progress,
  make: (progress: Progress) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const untilMs = Date.now() + TURN_MS;
  while (beingMade.size >= MADE_MAX) {
    if (Date.now() >= untilMs)
      throw new Problem(
        "OVERLOADED",
        "too many states of the past are being read; come back later",
      );
    await awaited(waiting, LOOK_MS, signal);
    progress.step();
  }
  const own = {};
  beingMade.add(own);
  await holding(
    signal,
    () => make(progress),
    () => {
      beingMade.delete(own);
      wake(waiting, 1);
    },
  );
}

/**
 * The same image with its secrets, for a fork to begin with: without them a listener's key store would not open there.
 * It is read for this caller alone and kept by nobody, and everything that is kept makes room for it.
 */
export async function wholeImageAt(
  key: string,
  offset: number,
  source: LogSource,
): Promise<Observation> {
  const reading = { source, progress: ALONE, decoding: withSecrets };
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    makeRoomForImage();
    try {
      await expectCommitted(key, offset, source);
      const image = await earlierImage(offset, reading);
      return observationOf(await replayedTo(offset, image, reading));
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
  throw wasCut(offset);
}

/** Nobody waits for what is read. */
const ALONE: Progress = { step: () => undefined };

const isGone = (error: unknown): boolean =>
  error instanceof Problem && error.kind === "OFFSET_BELOW_LOG_START";

const wasCut = (offset: number): Problem =>
  new Problem("CONTROLLER_UNREACHABLE", `the log was cut while offset ${offset} was read`);

/** The newest committed record, as far as any controller knows; a `Problem` when none does. */
export async function newestOffset(source: LogSource): Promise<number> {
  const { highWatermark, unanswered } = await source.offers();
  if (highWatermark > 0) return highWatermark - 1;
  const reasons = unanswered.join("; ");
  throw new Problem("CONTROLLER_UNREACHABLE", `no controller knows what is committed: ${reasons}`);
}

/** Refuses what is not committed yet: no state at that offset is known. */
async function expectCommitted(key: string, offset: number, source: LogSource): Promise<void> {
  const { highWatermark, unanswered } = await source.offers();
  if (offset < highWatermark) return;
  const newest = `the newest committed record is at ${highWatermark - 1}`;
  // Who was shown that offset, or cannot ask everybody, does not know that it is not there.
  if (offset > seenOf(key).offset && unanswered.length === 0)
    throw new Problem("OFFSET_IN_FUTURE", `offset ${offset} lies in the future: ${newest}`);
  const others = unanswered.length === 0 ? "" : `; no answer from ${unanswered.join("; ")}`;
  throw new Problem("VIEW_BEHIND", `offset ${offset} is not seen committed: ${newest}${others}`);
}

/** The newest snapshot at or below the offset, or nothing, where the log goes back to its first record. */
async function earlierImage(
  offset: number,
  { source, ...reading }: Reading,
): Promise<MetadataImage> {
  let offers: SnapshotOffers | undefined;
  const image = await loadSnapshot(source, {
    choose: (found) => {
      offers = found;
      return found.snapshots.find(({ endOffset }) => endOffset <= offset + 1);
    },
    ...reading,
  });
  if (image !== null) return image;
  if (offers?.logStart === 0) return emptyImage;
  throw beyondRetention(offset, offers);
}

const beyondRetention = (offset: number, offers: SnapshotOffers | undefined): Problem => {
  const [oldest] = offers?.snapshots.toReversed() ?? [];
  if (oldest === undefined) {
    const reasons = offers?.unanswered.join("; ") ?? "";
    return new Problem("CONTROLLER_UNREACHABLE", `no controller has the log: ${reasons}`);
  }
  const reach = oldest.endOffset - 1;
  const since = new Date(oldest.timestampMs).toISOString();
  return new Problem(
    "BEYOND_RETENTION",
    `the state at offset ${offset} is not kept any more: offset ${reach}, of ${since}, is the oldest that is`,
    { details: { oldest_offset: reach, oldest_timestamp_ms: oldest.timestampMs } },
  );
};

interface Reading {
  readonly source: LogSource;
  readonly progress: Progress;
  readonly decoding: Decoding;
}

/** The last image at or below `offset` that is out of any transaction, from `image` on, which is. */
async function replayedTo(
  offset: number,
  image: MetadataImage,
  { source, progress, decoding }: Reading,
): Promise<MetadataImage> {
  let current = image;
  let stable = image;
  let waitMs = 0;
  for (;;) {
    const fromOffset = current.provenance.endOffset;
    if (fromOffset > offset) return stable;
    const range = await source.range({ fromOffset, maxBytes: RANGE_BYTES_MAX, waitMs });
    progress.step();
    for (const slice of replayInSlices(
      current,
      replayable(batchesUpTo(range, fromOffset, offset), decoding),
    )) {
      if (slice !== null) current = slice;
      if (slice?.beforeTransaction === null) stable = slice;
      await nextEvent();
    }
    if (range.batches.some(({ lastOffset }) => lastOffset >= offset)) return stable;
    const isBehind = range.end >= range.highWatermark;
    if (isBehind && waitMs > 0) throw behind(offset, range.highWatermark);
    // Another controller knows it to be committed: this one will soon.
    waitMs = isBehind ? BEHIND_MS : 0;
  }
}

const behind = (offset: number, highWatermark: number): Problem =>
  new Problem(
    "VIEW_BEHIND",
    `offset ${offset} was not seen committed within ${BEHIND_MS} ms; the view reaches ${highWatermark - 1}`,
  );

const batchesUpTo = ({ batches }: CommittedRange, from: number, offset: number) =>
  batches.filter(({ baseOffset, lastOffset }) => baseOffset >= from && lastOffset <= offset);
