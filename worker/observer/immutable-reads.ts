/**
 * Reading what never changes by the Worker's own entrypoint, where a cache may have it. What is not there is undefined,
 * for whatever reason, and nothing is lost by that: a controller has it too, and says what is the matter.
 */
import { nodesOf, type ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import { recordBatches, type BatchInRow } from "../../src/protocol/index.ts";
import { clusterKey } from "../channel/controller-calls.ts";
import type { Bindings } from "../env.ts";
import {
  NEXT_POSITION,
  chunkAddress,
  rangeAddress,
  wholeRangeFrom,
  type RedactedChunk,
} from "./immutable-addresses.ts";
import { committedOf } from "./known-end.ts";
import type { OfferedSnapshot } from "./snapshots.ts";

/** Longer than all the calls of controllers that an answer needs, which have time-outs of their own. */
const ANSWER_MS = 15_000;

/**
 * The batches from `from` to the next boundary, without secrets, where they are known to be committed. The first begins
 * at `from`; their checksums are verified.
 */
export async function immutableRange(
  env: Bindings,
  entry: ClusterEntry,
  from: number,
): Promise<readonly BatchInRow[] | undefined> {
  const range = wholeRangeFrom(from, committedOf(clusterKey(entry)));
  if (range === undefined) return undefined;
  return await read(env, entry, rangeAddress(range), (_, bytes) => {
    const batches = [...recordBatches(bytes)];
    const isWhole =
      batches[0]?.baseOffset === from && (batches.at(-1)?.lastOffset ?? 0) + 1 >= range.to;
    return isWhole ? batches : undefined;
  });
}

/** The whole batches of a snapshot from that byte on, without secrets. Who pushes them verifies them. */
export async function immutableChunk(
  env: Bindings,
  entry: ClusterEntry,
  { snapshot, position }: { readonly snapshot: OfferedSnapshot; readonly position: number },
): Promise<RedactedChunk | undefined> {
  const { nodeId, endOffset, epoch, size } = snapshot;
  const node = nodesOf(entry).find((each) => each.node_id === nodeId);
  const directoryId = node?.directory_id;
  if (directoryId === undefined) return undefined;
  const address = chunkAddress({ nodeId, directoryId, endOffset, epoch, size, position });
  return await read(env, entry, address, (headers, bytes) => {
    const next = Number(headers.get(NEXT_POSITION) ?? 0);
    return next > position && next <= size ? { bytes, next } : undefined;
  });
}

async function read<Found>(
  { IMMUTABLE_LOG: door }: Bindings,
  { cluster_id, created_ms, observed }: ClusterEntry,
  address: string,
  found: (headers: Headers, bytes: Uint8Array<ArrayBuffer>) => Found | undefined,
): Promise<Found | undefined> {
  if (door === undefined || observed === true) return undefined;
  try {
    const entrypoint = door({ props: { cluster_id, created_ms } });
    const signal = AbortSignal.timeout(ANSWER_MS);
    const response = await entrypoint.fetch(address, { method: "GET", signal });
    if (response.status === 200)
      return found(response.headers, new Uint8Array(await response.arrayBuffer()));
    await response.body?.cancel();
    return undefined;
  } catch {
    // Neither a call that is lost nor bytes that are not sound keep a reader from a controller.
    return undefined;
  }
}
