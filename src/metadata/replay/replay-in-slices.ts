/**
 * A run of the log, replayed many batches at a time: a delta copies each chunk of the partition table that it touches
 * once, where a delta for each batch would copy it as often as a batch writes to it. The images are those that batch by
 * batch would be, only fewer of them.
 */
import type { MetadataRecord } from "../../protocol/index.ts";
import type { MetadataImage, Provenance } from "../image/metadata-image.ts";
import { applyRecords } from "./apply-records.ts";

/** One batch as replay takes it: the metadata records in it, which may be none, and where it stands. */
export interface ReplayedBatch {
  readonly records: readonly MetadataRecord[];
  readonly provenance: Provenance;
}

/** In records, each batch counted as one more: some milliseconds. */
const SLICE_COST = 1_000;

/**
 * The images on the way from `image` through `batches`, each at the end of a batch, the last one at the end of all. A
 * null is where an event may end although no image is there yet: within a batch of more than a slice, and wherever
 * `batches` has one. A slice ends after a thousand records, and
 *
 * - before a batch that leaves a metadata transaction open: the last image out of any (KIP-868) is among them;
 * - before and after a batch that may change a feature: the image says at which offset that was.
 */
export function* replayInSlices(
  image: MetadataImage,
  batches: Iterable<ReplayedBatch | null>,
): Generator<MetadataImage | null, void, undefined> {
  let current = image;
  let isOpen = image.beforeTransaction !== null;
  let records: MetadataRecord[] = [];
  let end: Provenance | null = null;
  let cost = 0;
  const flushed = (provenance: Provenance): MetadataImage => {
    current = applyRecords(current, records, provenance);
    records = [];
    end = null;
    cost = 0;
    return current;
  };
  for (const batch of batches) {
    if (batch === null) {
      yield null;
      continue;
    }
    if (batch.records.length > SLICE_COST) {
      if (end !== null) yield flushed(end);
      isOpen = leavesOpen(batch.records, isOpen);
      for (const piece of piecesOf(batch.records)) {
        if (piece.at > 0) yield null;
        current = applyRecords(current, piece.records, batch.provenance);
      }
      yield current;
      continue;
    }
    const hasFeature = batch.records.some(changesFeature);
    const opens = leavesOpen(batch.records, isOpen);
    if (end !== null && (hasFeature || (opens && !isOpen))) yield flushed(end);
    for (const record of batch.records) records.push(record);
    end = batch.provenance;
    isOpen = opens;
    cost += batch.records.length + 1;
    if (hasFeature || cost >= SLICE_COST) yield flushed(end);
  }
  if (end !== null) yield flushed(end);
}

function* piecesOf(records: readonly MetadataRecord[]) {
  for (let at = 0; at < records.length; at += SLICE_COST) {
    yield { at, records: records.slice(at, at + SLICE_COST) };
  }
}

/** What a transaction did is undone by its abort, and so is a level that it finalized. */
const changesFeature = ({ type }: MetadataRecord): boolean =>
  type === "FEATURE_LEVEL_RECORD" || type === "ABORT_TRANSACTION_RECORD";

/** Whether a transaction is open after `records`. */
function leavesOpen(records: readonly MetadataRecord[], wasOpen: boolean): boolean {
  const last = records.findLast(({ type }) => type.endsWith("_TRANSACTION_RECORD"));
  return last === undefined ? wasOpen : last.type === "BEGIN_TRANSACTION_RECORD";
}
