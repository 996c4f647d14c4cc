/** The whole batches of a snapshot from a byte on, read from the controller that has them. */
import { nodesOf, type ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import { BATCH_BYTES_MAX, recordBatches } from "../../src/protocol/index.ts";
import { reasonOf } from "../channel/controller-calls.ts";
import type { Bindings } from "../env.ts";
import { readSnapshotBytes } from "../observer/snapshots.ts";
import type { RedactedChunk, SnapshotChunk } from "../observer/immutable-addresses.ts";
import { NotServed } from "./not-served.ts";
import { redactedBatches } from "./redacted-batches.ts";

/** Throws `NotServed`, also where the controller does not answer. */
export async function readSnapshotChunk(
  env: Bindings,
  entry: ClusterEntry,
  { position, ...snapshot }: SnapshotChunk,
): Promise<RedactedChunk> {
  const { nodeId, directoryId, endOffset, size } = snapshot;
  const node = nodesOf(entry).find((each) => each.node_id === nodeId);
  if (node?.directory_id !== directoryId)
    throw new NotServed(`controller ${nodeId} has another storage than ${directoryId}`);
  const offered = { ...snapshot, timestampMs: 0 };
  let bytes = new Uint8Array(0);
  // A chunk ends where it was stored or received, which may be within a batch.
  while (bytes.length <= BATCH_BYTES_MAX && position + bytes.length < size) {
    const at = position + bytes.length;
    const more = await readSnapshotBytes(env, entry, { snapshot: offered, position: at }).catch(
      (error: unknown) => Promise.reject(new NotServed(reasonOf(error), { cause: error })),
    );
    const longer = new Uint8Array(bytes.length + more.length);
    longer.set(bytes);
    longer.set(more, bytes.length);
    bytes = longer;
    const batches = [...recordBatches(bytes, "ignore")];
    const whole = batches.reduce((sum, batch) => sum + batch.size, 0);
    if (whole > 0)
      return { bytes: await redactedBatches(batches, endOffset), next: position + whole };
  }
  throw new NotServed(`no batch of the snapshot is whole from byte ${position} on`);
}
