/**
 * A cluster as the directory lists it and as each of its controllers was formed: what identifies it, which never
 * changes, and the voters that it began with. Who votes *now* stands in the log and nowhere else (KIP-853): a
 * controller reads it from raft's voter history.
 */

/** What never changes while a cluster lives. */
export interface ClusterIdentity {
  /** A Kafka uuid: 22 characters of base64url. */
  readonly cluster_id: string;
  /** The level that the bootstrap records finalize. */
  readonly metadata_version: number;
  /** Milliseconds since the Unix epoch. */
  readonly created_ms: number;
}

/** One initial voter. Its identity is (`node_id`, `directory_id`); `host:port` is its CONTROLLER endpoint (KIP-853). */
export interface ControllerEntry {
  readonly node_id: number;
  /** A Kafka uuid, drawn once when the cluster is created. */
  readonly directory_id: string;
  readonly host: string;
  readonly port: number;
  /** Where the platform should place the object: one of its location hints. Counts at first use only. */
  readonly location_hint?: string;
}

export interface ClusterEntry extends ClusterIdentity {
  /** The voters that formed the quorum, in the order of their ids. */
  readonly initial_voters: readonly ControllerEntry[];
}

/** The entry as the first builds stored it, under the name that the HTTP interface still shows. */
interface FirstClusterEntry extends ClusterIdentity {
  readonly controllers: readonly ControllerEntry[];
}

/** Reads a stored entry, of this build or an earlier one. */
export function parseClusterEntry(text: string): ClusterEntry {
  const stored: ClusterEntry | FirstClusterEntry = JSON.parse(text);
  if ("initial_voters" in stored) return stored;
  const { controllers, ...identity } = stored;
  return { ...identity, initial_voters: controllers };
}

/** The name of a controller's object: it learns its cluster and its id from nowhere else. */
export const controllerName = (clusterId: string, nodeId: number): string =>
  `${clusterId}/${nodeId}`;
