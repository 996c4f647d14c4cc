/**
 * What the handlers of all requests check alike, before any of them looks at epochs (H-1 to H-3): whether a
 * request is for this cluster, and for this replica.
 *
 * Peers are found by address, and an address outlives what it names: a host is reused by another cluster, a
 * disk is replaced under a node that keeps its id. The cluster id and the directory id in a request are what
 * tells these apart. A request that leaves them out is taken at its word, as old versions of Kafka's requests
 * do.
 */
import type { RaftConfig } from "../config.ts";
import type { Epoch, ReplicaKey } from "../messages.ts";
import { NO_DIRECTORY } from "../messages.ts";

/** Epochs are int32 on the wire. The last one is never taken over, so that there is always a next. */
export const EPOCH_MAX: Epoch = 2 ** 31 - 1;

/** KAFKA-12440: a node of another cluster has found its way here by an old address. */
export const isForAnotherCluster = (
  body: { readonly clusterId: string | null },
  config: RaftConfig,
): boolean => body.clusterId !== null && body.clusterId !== config.clusterId;

/**
 * Whether a request means a replica that this is not: most likely its node with the disk it had before. Its
 * epoch counts all the same, its answer must not (H-3).
 */
export function isForAnotherReplica(
  body: { readonly receiver: ReplicaKey | null },
  config: RaftConfig,
): boolean {
  const { receiver } = body;
  if (receiver === null) return false;
  const { id, directoryId } = config.local.key;
  if (receiver.id !== id) return true;
  return receiver.directoryId !== NO_DIRECTORY && receiver.directoryId !== directoryId;
}
