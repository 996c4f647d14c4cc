/**
 * A cluster as the directory lists it and as each of its controllers was formed: identities and places, no
 * metadata. Field names are those of the HTTP interface, since this is what it shows.
 */

/** One voter. Its identity is (`node_id`, `directory_id`); `host:port` is its CONTROLLER endpoint (KIP-853). */
export interface ControllerEntry {
  readonly node_id: number;
  /** A Kafka uuid, drawn once when the cluster is created. */
  readonly directory_id: string;
  readonly host: string;
  readonly port: number;
  /** Where the platform should place the object: one of its location hints. Counts at first use only. */
  readonly location_hint?: string;
}

export interface ClusterEntry {
  /** A Kafka uuid: 22 characters of base64url. */
  readonly cluster_id: string;
  /** The initial voters, in the order of their ids. */
  readonly controllers: readonly ControllerEntry[];
  /** The level that the bootstrap records finalize. */
  readonly metadata_version: number;
  /** Milliseconds since the epoch of Unix. */
  readonly created_ms: number;
}

/** The name of a controller's object: it learns its cluster and its id from nowhere else. */
export const controllerName = (clusterId: string, nodeId: number): string =>
  `${clusterId}/${nodeId}`;
