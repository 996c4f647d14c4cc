/**
 * The Worker's own observed image: this isolate reads the committed log, as any observer does, and answers
 * metadata reads from what it has replayed. One image a cluster, immutable, replaced as a whole; several requests
 * may read ahead at once, and each applies only the batches that the others have not.
 *
 * It is KIP-500's metadata cache of a broker, without the broker. Losing it costs a replay.
 */
import { applyRecords, emptyImage } from "../../src/metadata/index.ts";
import type { MetadataImage } from "../../src/metadata/index.ts";
import type { Position } from "../../durable-objects/contract.ts";
import { decodeVerifiedBatch, metadataRecordsOf } from "../../src/protocol/index.ts";
import { Problem } from "../http/errors.ts";
import type { CommittedRange, RangeRequest } from "./committed-log.ts";
import { seenOf } from "./position.ts";
import { Recent } from "../recent.ts";

export interface Observation {
  readonly image: MetadataImage;
  /** The last record that the image holds. */
  readonly position: Position;
  /** When a controller last confirmed that nothing newer was committed, as far as it knew. */
  readonly confirmedMs: number;
}

/** How fresh a reader wants the image. */
export interface Demand {
  /** Without it every read asks a controller; with it, one that was confirmed this recently will do. */
  readonly maxStalenessMs?: number | undefined;
  /** The image must hold the record at this offset: read your writes. */
  readonly minOffset?: number | undefined;
  /** How long to wait until it does. */
  readonly waitMs?: number | undefined;
}

/** Images are the largest thing an isolate keeps, tens of megabytes for the largest cluster. */
const IMAGES_MAX = 4;
const RANGE_BYTES_MAX = 4 * 1024 * 1024;
/** How long a read waits for its offset to be committed, unless it says otherwise. */
const WAIT_MS = 5_000;

const NOTHING: Observation = {
  image: emptyImage,
  position: { offset: -1, epoch: 0 },
  confirmedMs: Number.NEGATIVE_INFINITY,
};

const observed = new Recent<Observation>(IMAGES_MAX);

/** An image that meets `demand`, and is no older than anything this isolate has shown of the cluster. */
export async function observeWith(
  key: string,
  { maxStalenessMs, minOffset = -1, waitMs = WAIT_MS }: Demand,
  read: (request: RangeRequest) => Promise<CommittedRange>,
): Promise<Observation> {
  const startMs = Date.now();
  const required = Math.max(minOffset, seenOf(key).offset);
  let current = observed.get(key) ?? NOTHING;
  if (
    maxStalenessMs !== undefined &&
    startMs - current.confirmedMs <= maxStalenessMs &&
    current.position.offset >= required
  ) {
    return current;
  }
  let behind = false;
  for (;;) {
    const heldMs = behind ? Math.max(0, startMs + waitMs - Date.now()) : 0;
    const fromOffset = current.position.offset + 1;
    const range = await read({ fromOffset, maxBytes: RANGE_BYTES_MAX, waitMs: heldMs });
    current = advance(key, range);
    const caughtUp = range.end >= range.highWatermark;
    if (caughtUp && current.position.offset >= required) break;
    behind = caughtUp;
    if (behind && Date.now() - startMs >= waitMs) throw viewBehind(current, { required, waitMs });
  }
  const confirmed = { ...current, confirmedMs: Math.max(current.confirmedMs, startMs) };
  observed.set(key, confirmed);
  return confirmed;
}

/** Drops what was observed of a cluster. */
export const forgetObserved = (key: string): void => observed.delete(key);

/** Replays the part of `range` that the image lacks. Synchronous: no other request runs in between. */
function advance(key: string, range: CommittedRange): Observation {
  let current = observed.get(key) ?? NOTHING;
  for (const row of range.batches) {
    if (row.baseOffset <= current.position.offset) continue;
    const { lastOffset, leaderEpoch: epoch, timestampMs } = row;
    const records = metadataRecordsOf(decodeVerifiedBatch(row));
    const provenance = { endOffset: lastOffset + 1, epoch, timestampMs };
    current = {
      ...current,
      image: applyRecords(current.image, records, provenance),
      position: { offset: lastOffset, epoch },
    };
  }
  observed.set(key, current);
  return current;
}

const viewBehind = (
  { position }: Observation,
  { required, waitMs }: { readonly required: number; readonly waitMs: number },
): Problem =>
  new Problem(
    "VIEW_BEHIND",
    `offset ${required} was not seen committed within ${waitMs} ms; the view reaches ${position.offset}`,
  );
