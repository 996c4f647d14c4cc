/**
 * The image that a snapshot holds, loaded chunk by chunk: neither its bytes nor its records are ever in memory as a
 * whole, and the image is nobody's to see before its end.
 */
import { applyRecords, emptyImage, type MetadataImage } from "../../src/metadata/index.ts";
import { SnapshotReader } from "../../src/protocol/index.ts";
import { reasonOf } from "../channel/controller-calls.ts";
import { Problem } from "../http/errors.ts";
import { alreadyRedacted, withoutSecrets, type Decoding } from "./decoding.ts";
import { makeRoomForSnapshot } from "./kept-images.ts";
import type { LogSource } from "./log-source.ts";
import { nextEvent } from "./next-event.ts";
import type { Progress } from "./shared-work.ts";
import type { OfferedSnapshot, SnapshotOffers } from "./snapshots.ts";

/** A partition takes 4 to 5 µs: a slice some 10 ms. */
const SLICE_RECORDS = 2_000;
/** Snapshots come and go, and so do controllers: so often another one is tried before a reader hears of it. */
const ATTEMPTS_MAX = 5;

export interface SnapshotChoice {
  /** One controller's snapshots are enough, as long as that one does. */
  readonly isAnyGood?: boolean;
  /** The one to load, of those that there are and that have not failed yet; undefined for none of them. */
  readonly choose: (offers: SnapshotOffers) => OfferedSnapshot | undefined;
  /** Told before it is loaded: the last moment to let go of another image. */
  readonly begins?: () => void;
  readonly decoding: Decoding;
  readonly progress: Progress;
}

/**
 * The image of the snapshot that `choose` takes; null when it takes none. One that cannot be read whole, and one that
 * its controller has dropped meanwhile, are chosen anew from what there is then; a `Problem` when that fails too often.
 */
export async function loadSnapshot(
  source: LogSource,
  { isAnyGood = false, choose, begins, ...reading }: SnapshotChoice,
): Promise<MetadataImage | null> {
  const reasons: string[] = [];
  const failed = new Set<string>();
  while (failed.size < ATTEMPTS_MAX) {
    const isFirst = failed.size === 0;
    const offers = await source.offers(isAnyGood && isFirst ? "one" : "all");
    const left = offers.snapshots.filter((each) => !failed.has(nameOf(each)));
    const snapshot = choose({ ...offers, snapshots: left });
    if (snapshot === undefined && reasons.length === 0) return null;
    if (snapshot === undefined) break;
    begins?.();
    makeRoomForSnapshot(snapshot.size);
    try {
      return await loaded(source, snapshot, reading);
    } catch (error) {
      reading.progress.step();
      failed.add(nameOf(snapshot));
      reasons.push(`${nameOf(snapshot)}: ${reasonOf(error)}`);
    }
  }
  throw new Problem("CONTROLLER_UNREACHABLE", `no snapshot could be read: ${reasons.join("; ")}`);
}

const nameOf = ({ nodeId, endOffset, epoch }: OfferedSnapshot): string =>
  `${endOffset}-${epoch} of ${nodeId}`;

async function loaded(
  source: LogSource,
  snapshot: OfferedSnapshot,
  { decoding, progress }: Pick<SnapshotChoice, "decoding" | "progress">,
): Promise<MetadataImage> {
  const { endOffset, epoch, size, timestampMs } = snapshot;
  const reader = new SnapshotReader();
  const provenance = { endOffset, epoch, timestampMs };
  let image = applyRecords(emptyImage, [], provenance);
  let piece: Piece = { bytes: NO_BYTES, next: 0, decoding };
  while (piece.next < size) {
    piece = await pieceAfter(source, snapshot, piece);
    const { bytes, decoding: read } = piece;
    for (const { values } of reader.push(bytes)) {
      for (let at = 0; at < values.length; at += SLICE_RECORDS) {
        const slice = values.slice(at, at + SLICE_RECORDS);
        const records = slice.map((value) => read(value, endOffset));
        image = applyRecords(image, records, provenance);
        await nextEvent();
      }
    }
    progress.step();
  }
  const frame = reader.end();
  if (frame.epoch !== epoch) throw new Error(`its header is of epoch ${frame.epoch}`);
  return image;
}

interface Piece {
  readonly bytes: Uint8Array;
  /** The byte of the snapshot that comes after it. */
  readonly next: number;
  readonly decoding: Decoding;
}

const NO_BYTES = new Uint8Array(0);

/**
 * From where it never changes, if secrets are not wanted and it is to be had there; else from its controller, and so is
 * the rest: a controller's pieces are cut anywhere, the others between batches.
 */
async function pieceAfter(
  source: LogSource,
  snapshot: OfferedSnapshot,
  { next: position, decoding }: Piece,
): Promise<Piece> {
  const isKept = decoding === alreadyRedacted || (position === 0 && decoding === withoutSecrets);
  const kept = isKept ? await source.immutable?.chunk(snapshot, position) : undefined;
  if (kept !== undefined) return { ...kept, decoding: alreadyRedacted };
  const bytes = await source.bytes(snapshot, position);
  const own = decoding === alreadyRedacted ? withoutSecrets : decoding;
  return { bytes, next: position + bytes.length, decoding: own };
}
