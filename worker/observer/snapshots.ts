/**
 * The snapshots that the controllers of a cluster have: which there are, and the bytes of one. Each controller makes
 * its own, so the same id may be other bytes elsewhere: whoever reads one stays with one controller.
 */
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import {
  HEADERS,
  STATUS,
  integerHeader,
  readJson,
  readRefusal,
} from "../../durable-objects/contract.ts";
import { isSnapshotList, type SnapshotList } from "../../durable-objects/snapshot-contract.ts";
import { likelyActive } from "../channel/active.ts";
import { callController, clusterKey, nodeIdsOf, reasonOf } from "../channel/controller-calls.ts";
import type { Bindings } from "../env.ts";
import { Problem } from "../http/errors.ts";
import { noteCommitted } from "./known-end.ts";

/** One snapshot of one controller. */
export interface OfferedSnapshot {
  readonly nodeId: number;
  /** Exclusive: it holds the state before this offset. */
  readonly endOffset: number;
  readonly epoch: number;
  /** Bytes. */
  readonly size: number;
  /** That of the last record it stands for, in milliseconds since the Unix epoch. */
  readonly timestampMs: number;
}

/** What all controllers that answered have between them. */
export interface SnapshotOffers {
  /** Newest first; of one id that of the controller first that was active last. */
  readonly snapshots: readonly OfferedSnapshot[];
  /** Where the longest log begins; null when nobody answered. */
  readonly logStart: number | null;
  /** Exclusive end of what any of them knows to be committed; -1 when none knows. */
  readonly highWatermark: number;
  /** Why the others did not answer, by their id. */
  readonly unanswered: readonly string[];
}

/** The controller does not have the snapshot any more. */
export class SnapshotGone extends Error {
  override readonly name = "SnapshotGone";
}

/** A list is read from memory, a range from disk: one that takes longer comes from an object that hangs. */
const LIST_MS = 2_000;
const RANGE_MS = 10_000;
/** More than a chunk: an answer ends with the chunk that it begins in. */
const RANGE_BYTES = 2 * 1_024 * 1_024;

/** Asks every controller which snapshots it has. */
export async function readOffers(env: Bindings, entry: ClusterEntry): Promise<SnapshotOffers> {
  const nodeIds = nodeIdsOf(entry);
  const answers = await Promise.all(nodeIds.map((nodeId) => listAt(env, entry, nodeId)));
  return offersIn(entry, answers);
}

/** The same of the first controller that answers, beginning with the one that was active last. */
export async function readOffersOfOne(env: Bindings, entry: ClusterEntry): Promise<SnapshotOffers> {
  const nodeIds = nodeIdsOf(entry);
  const first = likelyActive(clusterKey(entry), nodeIds);
  const answers: ListAnswer[] = [];
  for (const nodeId of [first, ...nodeIds.filter((each) => each !== first)]) {
    const answer = await listAt(env, entry, nodeId);
    answers.push(answer);
    if (answer.list !== undefined) break;
  }
  return offersIn(entry, answers);
}

function offersIn(entry: ClusterEntry, answers: readonly ListAnswer[]): SnapshotOffers {
  const lists = answers.flatMap((answer) => (answer.list === undefined ? [] : [answer]));
  const first = likelyActive(clusterKey(entry), nodeIdsOf(entry));
  const highWatermark = Math.max(-1, ...lists.map(({ list }) => list.high_watermark ?? -1));
  noteCommitted(clusterKey(entry), highWatermark);
  return {
    snapshots: lists
      .flatMap(({ nodeId, list }) => list.snapshots.map((each) => offered(nodeId, each)))
      .toSorted(
        (one, other) =>
          other.endOffset - one.endOffset ||
          other.epoch - one.epoch ||
          Number(other.nodeId === first) - Number(one.nodeId === first),
      ),
    logStart:
      lists.length === 0 ? null : Math.min(...lists.map(({ list }) => list.log_start_offset)),
    highWatermark,
    unanswered: answers.flatMap(({ nodeId, list, reason }) =>
      list === undefined ? [`${nodeId}: ${reason}`] : [],
    ),
  };
}

type ListAnswer =
  | { readonly nodeId: number; readonly list: SnapshotList; readonly reason?: undefined }
  | { readonly nodeId: number; readonly list?: undefined; readonly reason: string };

async function listAt(env: Bindings, entry: ClusterEntry, nodeId: number): Promise<ListAnswer> {
  try {
    const signal = AbortSignal.timeout(LIST_MS);
    const response = await callController(env, entry, { nodeId, route: "snapshots", signal });
    if (!response.ok) return { nodeId, reason: await readRefusal(response) };
    return { nodeId, list: await readJson(response, isSnapshotList) };
  } catch (error) {
    if (error instanceof Problem) throw error;
    return { nodeId, reason: reasonOf(error) };
  }
}

const offered = (nodeId: number, snapshot: SnapshotList["snapshots"][number]): OfferedSnapshot => ({
  nodeId,
  endOffset: snapshot.end_offset,
  epoch: snapshot.epoch,
  size: snapshot.size,
  timestampMs: snapshot.timestamp_ms,
});

/**
 * The bytes from `position` on, at least one and no more than a chunk. Throws `SnapshotGone`, or what the call throws.
 */
export async function readSnapshotBytes(
  env: Bindings,
  entry: ClusterEntry,
  { snapshot, position }: { readonly snapshot: OfferedSnapshot; readonly position: number },
): Promise<Uint8Array<ArrayBuffer>> {
  const { nodeId, endOffset, epoch } = snapshot;
  const response = await callController(env, entry, {
    nodeId,
    route: "snapshot",
    query: { end_offset: endOffset, epoch, position, max_bytes: RANGE_BYTES },
    signal: AbortSignal.timeout(RANGE_MS),
  });
  if (response.status === STATUS.gone) throw new SnapshotGone(await readRefusal(response));
  if (!response.ok) throw new Error(await readRefusal(response));
  const bytes = new Uint8Array(await response.arrayBuffer());
  const size = integerHeader(response.headers, HEADERS.snapshotSize);
  if (size !== snapshot.size || bytes.length === 0 || position + bytes.length > size)
    throw new Error(
      `${bytes.length} bytes at ${position} are not of a snapshot of ${snapshot.size}`,
    );
  return bytes;
}
