/**
 * The names of what never changes: committed ranges of the log that end on a fixed boundary, and chunks of a snapshot.
 * A name holds no cluster: whose log it is, the tenant says, who is in the props of the call and in the cache's key.
 */
import { isUuidText } from "../../durable-objects/random-uuid.ts";

/** The batches that begin in `[from, to)`, the first of them at `from`. */
export interface WholeRange {
  readonly from: number;
  /** A boundary. */
  readonly to: number;
}

/** The whole batches of a snapshot from a byte on, as one storage of one controller has them. */
export interface SnapshotChunk {
  readonly nodeId: number;
  readonly directoryId: string;
  readonly endOffset: number;
  readonly epoch: number;
  /** Bytes of the snapshot. */
  readonly size: number;
  readonly position: number;
}

/** What is answered for a chunk. */
export interface RedactedChunk {
  /** Batches without secrets, end to end. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The byte of the snapshot that comes after them. */
  readonly next: number;
}

/** Some 0.5 to 1 MiB of a log: a few dozen ranges lie between two snapshots, and what is above the last is one call. */
const BOUNDARY_OFFSETS = 8_192;

/** The host is a placeholder: a call of an entrypoint looks none up. */
const BASE = "https://immutable";

export const RANGE_PATH = "/log/:range";
export const CHUNK_PATH = "/snapshots/:storage/:snapshot/:position";

/** Of an answer about a snapshot: the byte to go on from. */
export const NEXT_POSITION = "Kedge-Next-Position";

/** The range from there to the next boundary; undefined where that is not known to be committed. */
export function wholeRangeFrom(from: number, committed: number): WholeRange | undefined {
  const to = (Math.floor(from / BOUNDARY_OFFSETS) + 1) * BOUNDARY_OFFSETS;
  return to <= committed ? { from, to } : undefined;
}

export const rangeAddress = ({ from, to }: WholeRange): string => `${BASE}/log/${from}-${to}`;

export const chunkAddress = ({ nodeId, directoryId, ...chunk }: SnapshotChunk): string =>
  `${BASE}/snapshots/${nodeId}.${directoryId}/${chunk.endOffset}-${chunk.epoch}-${chunk.size}/${chunk.position}`;

/** The range of that name; undefined when it is none. */
export function rangeNamed(text: string): WholeRange | undefined {
  const [from, to] = numbersIn(/^(\d{1,15})-(\d{1,15})$/, text) ?? [];
  if (from === undefined || to === undefined) return undefined;
  return wholeRangeFrom(from, to)?.to === to ? { from, to } : undefined;
}

/** The chunk of that name; undefined when it is none. */
export function chunkNamed(
  storage: string,
  snapshot: string,
  position: string,
): SnapshotChunk | undefined {
  const [, node, directoryId] = /^(\d{1,10})\.(.{22})$/.exec(storage) ?? [];
  const [endOffset, epoch, size] = numbersIn(/^(\d{1,15})-(\d{1,10})-(\d{1,15})$/, snapshot) ?? [];
  const [at] = numbersIn(/^(\d{1,15})$/, position) ?? [];
  if (node === undefined || directoryId === undefined || !isUuidText(directoryId)) return undefined;
  if (endOffset === undefined || epoch === undefined || size === undefined || at === undefined)
    return undefined;
  return { nodeId: Number(node), directoryId, endOffset, epoch, size, position: at };
}

const numbersIn = (form: RegExp, text: string): readonly number[] | undefined =>
  form.exec(text)?.slice(1).map(Number);
