/**
 * The Worker's own observed image: this isolate reads the committed log, as any observer does, and answers
 * metadata reads from what it has replayed. One image a cluster, immutable, replaced as a whole; several requests
 * may read ahead at once, and each applies only the batches that the others have not. Where the log no longer has what
 * comes next, or there is no image yet, the newest snapshot comes first: one replacement, at its position.
 *
 * It is KIP-500's metadata cache of a broker, without the broker. Losing it costs a replay. It holds no secret
 * (`decoding.ts`).
 */
import {
  replayInSlices,
  type MetadataImage,
  type ReplayedBatch,
} from "../../src/metadata/index.ts";
import {
  decodeVerifiedBatch,
  type BatchInRow,
  type MetadataRecord,
} from "../../src/protocol/index.ts";
import { Problem, type ProblemKind } from "../http/errors.ts";
import type { CommittedRange } from "./committed-log.ts";
import { alreadyRedacted, withoutSecrets, type Decoding } from "./decoding.ts";
import { forgetPresent, keepPresent, presentOf } from "./kept-images.ts";
import type { LogSource } from "./log-source.ts";
import { nextEvent } from "./next-event.ts";
import { NOTHING, observationOf, type Observation } from "./observation.ts";
import { seenOf } from "./position.ts";
import { Recent } from "../recent.ts";
import { loadSnapshot } from "./snapshot-image.ts";
import { inOneRound } from "./shared-rounds.ts";
import { READING_BOUNDS, SharedWork, type Progress } from "./shared-work.ts";

/** How fresh a reader wants the image. */
export interface Demand {
  /** The image must hold everything that was committed before that long ago, as a majority has confirmed. */
  readonly maxStalenessMs?: number | undefined;
  /** It must hold everything that was committed before the read began: the same with 0 ms, and nobody else's word. */
  readonly isLinearizable?: boolean;
  /** The image must hold the record at this offset: read your writes. */
  readonly minOffset?: number | undefined;
  /** How long to wait until it does. */
  readonly waitMs?: number | undefined;
}

/** Its checksums are computed in one go: some 10 ms. */
export const RANGE_BYTES_MAX = 2 * 1_024 * 1_024;
/** Records of one batch that are decoded in one event: some milliseconds. */
const DECODED_MAX = 2_000;
/** How long a read waits for its offset to be committed, unless it says otherwise. */
const WAIT_MS = 5_000;
/** So often a read begins anew from a snapshot: each of them is newer than the one before, and takes long to load. */
const SNAPSHOTS_MAX = 3;

/**
 * An image that meets `demand`, and is no older than anything this isolate has shown of the cluster. Without a demand
 * it is as new as a controller that was asked knows, whatever that one's age.
 */
export async function observeWith(
  key: string,
  { maxStalenessMs, isLinearizable = false, minOffset = -1, waitMs = WAIT_MS }: Demand,
  source: LogSource,
): Promise<Observation> {
  const startMs = Date.now();
  let required = Math.max(minOffset, seenOf(key).offset);
  if (source.isObserved && isLinearizable) throw notLinearizable();
  if (source.isObserved && maxStalenessMs !== undefined)
    return await observeWithin(key, { maxStalenessMs, required, waitMs }, source);
  const isBound = isLinearizable || maxStalenessMs !== undefined;
  if (isBound) {
    const fresh = isLinearizable
      ? undefined
      : confirmedWithin(key, required, { nowMs: startMs, maxMs: maxStalenessMs ?? 0 });
    if (fresh !== undefined) return fresh;
    required = Math.max(required, (await confirmedIndex(key, source, waitMs)) - 1);
    if (reachOf(key) >= required) return confirm(key, startMs);
  }
  let behind = false;
  if (!isBound) {
    await inOneRound(key, () => readToEnd(key, source), source.signal);
    if (reachOf(key) >= required) return confirm(key);
    behind = true;
  }
  for (;;) {
    const heldMs = behind ? Math.max(0, startMs + waitMs - Date.now()) : 0;
    const range = await readOn(key, source, heldMs);
    await advance(key, range.batches, withoutSecrets);
    // Given back at once: it has lived long enough to be garbage of the old generation, where much would pile up.
    range.bytes.buffer.transfer(0);
    behind = reachOf(key) + 1 >= range.highWatermark;
    // Who asked for a bound has its own confirmation. The others go to the end of what a controller knows, and take
    // its.
    if ((isBound || behind) && reachOf(key) >= required)
      return confirm(key, isBound ? startMs : range.confirmedMs);
    if (behind && Date.now() - startMs >= waitMs) throw viewBehind(key, { required, waitMs });
  }
}

/** Reads on until the image has all that a controller knows to be committed, whose word on its age it takes. */
async function readToEnd(key: string, source: LogSource): Promise<void> {
  for (;;) {
    const range = await readOn(key, source, 0);
    await advance(key, range.batches, withoutSecrets);
    range.bytes.buffer.transfer(0);
    if (reachOf(key) + 1 < range.highWatermark) continue;
    confirm(key, range.confirmedMs);
    return;
  }
}

/** So long a read waits for news at a time: of what age an observer's knowledge is, changes without any. */
const NEWS_MS = 250;

/**
 * The same of a cluster that others run, whose observer alone says of what age it is. Waits for a while until that is
 * young enough, and until the record at `required` is there.
 */
async function observeWithin(
  key: string,
  {
    maxStalenessMs,
    required,
    waitMs,
  }: { readonly maxStalenessMs: number; readonly required: number; readonly waitMs: number },
  source: LogSource,
): Promise<Observation> {
  const startMs = Date.now();
  for (let heldMs = 0; heldMs >= 0;) {
    const known = knownSince(key, required, startMs - maxStalenessMs);
    if (known !== undefined) return known;
    const range = await readOn(key, source, heldMs);
    await advance(key, range.batches, withoutSecrets);
    const isBehind = reachOf(key) + 1 < range.highWatermark;
    if (!isBehind) confirm(key, range.confirmedMs);
    heldMs = isBehind ? 0 : Math.min(NEWS_MS, startMs + waitMs - Date.now());
    if (heldMs === 0 && !isBehind) break;
  }
  const last = knownSince(key, required, startMs - maxStalenessMs);
  if (last !== undefined) return last;
  if (reachOf(key) < required) throw viewBehind(key, { required, waitMs });
  throw unconfirmed(key, "the observed quorum was not heard so recently");
}

/** The image, where it holds the record at `required` and everything that was committed before `sinceMs`. */
function knownSince(key: string, required: number, sinceMs: number): Observation | undefined {
  const known = presentOf(key);
  if (known === undefined || known.position.offset < required) return undefined;
  return known.confirmedMs >= sinceMs && known.confirmedMs <= Date.now() ? known : undefined;
}

const notLinearizable = (): Problem =>
  new Problem(
    "OBSERVED_CLUSTER",
    "consistency: an observed cluster has no linearizable reads, for its leader cannot be asked from here; max_staleness_ms says how old an answer may be",
  );

/** The end of what is committed now, exclusive. */
async function confirmedIndex(key: string, source: LogSource, waitMs: number): Promise<number> {
  try {
    return await source.readIndex(waitMs);
  } catch (error) {
    if (!(error instanceof Problem) || !NOBODY_CONFIRMS.includes(error.kind)) throw error;
    throw unconfirmed(key, error.message, error);
  }
}

function unconfirmed(key: string, reason: string, cause?: unknown): Problem {
  const ageMs = Date.now() - (presentOf(key) ?? NOTHING).confirmedMs;
  const known = Number.isFinite(ageMs) ? `was confirmed ${ageMs} ms ago` : "never was confirmed";
  return new Problem(
    "UNCONFIRMED",
    `nobody has confirmed in time what is current (${reason}); what is known here ${known}`,
    { details: { confirmed_age_ms: Number.isFinite(ageMs) ? ageMs : null }, cause },
  );
}

/** Of these an isolate can say how old what it has is. */
const NOBODY_CONFIRMS: readonly ProblemKind[] = ["UNCONFIRMED", "NO_ACTIVE_CONTROLLER"];

// No reader holds on to an image while it waits for a controller, or one that is dropped to make room would stay: so
// images are looked at in functions that wait for nothing but the next event.

/**
 * The image, where it was confirmed at most `maxMs` ago and holds the record at `required`. What was confirmed in the
 * future shows that the clock has stepped back, and nobody can tell how long ago that was.
 */
function confirmedWithin(
  key: string,
  required: number,
  { nowMs, maxMs }: { readonly nowMs: number; readonly maxMs: number },
): Observation | undefined {
  const known = presentOf(key);
  if (known === undefined || known.confirmedMs > nowMs || nowMs - known.confirmedMs > maxMs)
    return undefined;
  return known.position.offset >= required ? known : undefined;
}

/** The last record of the image; before everything when there is none. */
const reachOf = (key: string): number => (presentOf(key) ?? NOTHING).position.offset;

/** The image holds everything that was committed before `sinceMs`; nobody can tell where that is undefined. */
function confirm(key: string, sinceMs = Number.NEGATIVE_INFINITY): Observation {
  const current = presentOf(key) ?? NOTHING;
  const confirmed = { ...current, confirmedMs: Math.max(current.confirmedMs, sinceMs) };
  keepPresent(key, confirmed);
  return confirmed;
}

/**
 * What comes after the image, from a controller. Without an image, or where the log no longer has that, a snapshot is
 * taken first, and what never changes is replayed before a controller is asked for the rest. An image of another log
 * than the controller's is dropped, and a new one has nothing from a cache.
 */
async function readOn(key: string, source: LogSource, waitMs: number): Promise<CommittedRange> {
  for (let images = 0; images < SNAPSHOTS_MAX; images += 1) {
    if (presentOf(key) === undefined) await begin(key, source);
    await readImmutable(key, source);
    const { offset, epoch } = (presentOf(key) ?? NOTHING).position;
    const fromOffset = offset + 1;
    try {
      return await source.range({
        fromOffset,
        fromEpoch: offset < 0 ? undefined : epoch,
        maxBytes: RANGE_BYTES_MAX,
        waitMs,
      });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.kind === "OFFSET_BELOW_LOG_START") await replaceImage(key, source, fromOffset);
      else if (error.kind === "LOG_DIVERGED") abandon(key);
      else throw error;
    }
  }
  throw noSnapshot(reachOf(key) + 1);
}

/** Clusters whose controllers have another log than an image that was made here: more than an isolate serves. */
const ABANDONED_MAX = 10_000;
const abandoned = new Recent<true>(ABANDONED_MAX);

function abandon(key: string): void {
  abandoned.set(key, true);
  forgetPresent(key);
}

/** Replays what needs no controller: whole ranges, as far as they are known to be committed. */
async function readImmutable(key: string, source: LogSource): Promise<void> {
  while (abandoned.get(key) === undefined) {
    const batches = await source.immutable?.range(reachOf(key) + 1);
    const last = batches?.at(-1);
    if (batches === undefined || last === undefined) return;
    await advance(key, batches, alreadyRedacted);
    // Another request may have dropped the image meanwhile.
    if (reachOf(key) < last.lastOffset) return;
  }
}

/** One of a cluster at a time. It goes on when its reader is gone, and the next one finds it further. */
const loads = new SharedWork(READING_BOUNDS);

/** The newest snapshot, or without any an image of nothing: the log goes back to its first record then. */
async function begin(key: string, source: LogSource): Promise<void> {
  const work = async (progress: Progress): Promise<void> => {
    if (presentOf(key) !== undefined) return;
    const image = await loadSnapshot(source, {
      isAnyGood: true,
      choose: ({ snapshots: [newest] }) => newest,
      decoding: withoutSecrets,
      progress,
    });
    progress.step();
    keepPresent(key, image === null ? NOTHING : observationOf(image));
  };
  await loads.run(key, work, source);
}

/**
 * Replaces the image by that of the newest snapshot, which ends above `offset`. The old one goes first: two of the
 * largest would not fit an isolate. How far it reached stays known (`position.ts`).
 */
async function replaceImage(key: string, source: LogSource, offset: number): Promise<void> {
  const work = async (progress: Progress): Promise<void> => {
    if (reachOf(key) >= offset) return;
    const image = await loadSnapshot(source, {
      choose: ({ snapshots: [newest] }) =>
        newest !== undefined && newest.endOffset > offset ? newest : undefined,
      begins: () => forgetPresent(key),
      decoding: withoutSecrets,
      progress,
    });
    progress.step();
    if (image === null) throw noSnapshot(offset);
    keepPresent(key, observationOf(image));
  };
  await loads.run(key, work, source);
}

const noSnapshot = (offset: number): Problem =>
  new Problem(
    "CONTROLLER_UNREACHABLE",
    `the log begins above ${offset}, and no controller that answers has a snapshot that ends there`,
  );

/** Replays what the image lacks of these batches, slice by slice. */
async function advance(
  key: string,
  batches: readonly BatchInRow[],
  decoding: Decoding,
): Promise<void> {
  while (await advanceSlice(key, batches, decoding)) await nextEvent();
}

/**
 * Replays one slice; true when there may be more. Another request may have done the same since, or dropped the image:
 * what does not follow it is left out.
 */
async function advanceSlice(
  key: string,
  batches: readonly BatchInRow[],
  decoding: Decoding,
): Promise<boolean> {
  const current = presentOf(key);
  if (current === undefined) return false;
  const { offset } = current.position;
  const at = batches.findIndex(({ baseOffset }) => baseOffset === offset + 1);
  if (at < 0) return false;
  const image = await nextImage(
    replayInSlices(current.image, replayable(batches, decoding, at)),
    current.image,
  );
  if (presentOf(key)?.image !== current.image) return true;
  keepPresent(key, { ...observationOf(image), confirmedMs: current.confirmedMs });
  return image.provenance.endOffset <= (batches.at(-1)?.lastOffset ?? -1);
}

/**
 * The next image of a replay, or `last` when there is none. Within a large batch it takes some events, of some ms each.
 */
async function nextImage(
  slices: Iterable<MetadataImage | null>,
  last: MetadataImage,
): Promise<MetadataImage> {
  for (const slice of slices) {
    if (slice !== null) return slice;
    await nextEvent();
  }
  return last;
}

/**
 * The batches from the one at `from` on as replay takes them, decoded as they are taken: a large one in several goes,
 * with a null between them.
 */
export function* replayable(
  batches: readonly BatchInRow[],
  decoding: Decoding,
  from = 0,
): Generator<ReplayedBatch | null, void, undefined> {
  // By index: a range may have twenty thousand, and is replayed in many slices, none of which should copy it.
  for (let at = from, row = batches[at]; row !== undefined; at += 1, row = batches[at]) {
    const { lastOffset, leaderEpoch: epoch, timestampMs } = row;
    const endOffset = lastOffset + 1;
    const batch = decodeVerifiedBatch(row);
    // The records of a control batch describe the log itself.
    const records: MetadataRecord[] = [];
    for (const value of batch.isControl ? [] : batch.values) {
      if (records.length > 0 && records.length % DECODED_MAX === 0) yield null;
      records.push(decoding(value, endOffset));
    }
    yield { records, provenance: { endOffset, epoch, timestampMs } };
  }
}

const viewBehind = (
  key: string,
  { required, waitMs }: { readonly required: number; readonly waitMs: number },
): Problem =>
  new Problem(
    "VIEW_BEHIND",
    `offset ${required} was not seen committed within ${waitMs} ms; the view reaches ${reachOf(key)}`,
  );
