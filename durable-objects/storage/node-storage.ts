/**
 * The storage of an object, from the moment at which it is opened: empty, this node's, or one that this build must not
 * touch. An object is empty until it is prepared for a cluster; then it gets its tables and, in the same transaction,
 * its directory id (KIP-853). The id is born with the storage, is never drawn again while the storage lives and never
 * given to another: a node whose storage is gone is another replica, and has to say so.
 */
import { refusalOf, type StorageIdentity } from "../../src/raft/index.ts";
import type { ClusterEntry } from "../cluster-entry.ts";
import { randomUuid } from "../random-uuid.ts";
import { MetaStore } from "./meta-store.ts";
import { migrate, SCHEMA_VERSION, schemaVersion } from "./schema.ts";

/** What an object found in its storage. */
export type NodeStorage =
  | { readonly kind: "empty" }
  | { readonly kind: "prepared"; readonly meta: MetaStore; readonly identity: StorageIdentity }
  /** Nothing of it is read or written any more; `reason` says why, in words. */
  | { readonly kind: "refused"; readonly reason: string };

/** The object behind the storage, and which node it is by its name. */
export interface NodeObject {
  readonly storage: DurableObjectStorage;
  readonly objectId: string;
  readonly nodeId: number;
}

/** Brings an existing database up to date. An empty storage stays empty: a name that is only called leaves nothing. */
export function openStorage(object: NodeObject): NodeStorage {
  const version = schemaVersion(object.storage.sql);
  if (version === null) return { kind: "empty" };
  if (version > SCHEMA_VERSION) {
    const reason = `its storage has schema ${version}, and this build reads up to ${SCHEMA_VERSION}`;
    return { kind: "refused", reason };
  }
  migrate(object.storage);
  const meta = new MetaStore(object.storage.sql);
  const identity = meta.identity() ?? adoptIdentity(meta, object);
  if (identity === null) return { kind: "empty" };
  const reason = refusalOf(identity, object.objectId);
  if (reason !== null) return { kind: "refused", reason };
  return { kind: "prepared", meta, identity };
}

/** Makes the tables and draws the directory id; a second time it changes nothing. */
export function prepareStorage(object: NodeObject): NodeStorage {
  const found = openStorage(object);
  if (found.kind !== "empty") return found;
  const { storage, objectId } = object;
  storage.transactionSync(() => {
    migrate(storage);
    new MetaStore(storage.sql).writeIdentity({ directoryId: randomUuid(), objectId });
  });
  return openStorage(object);
}

// The first builds kept a directory id in the cluster's entry alone. A node that one of them formed keeps it.
function adoptIdentity(
  meta: MetaStore,
  { storage, objectId, nodeId }: NodeObject,
): StorageIdentity | null {
  const own = ownVoter(meta.cluster(), nodeId);
  if (own === undefined) return null;
  const identity = { directoryId: own.directory_id, objectId };
  storage.transactionSync(() => meta.writeIdentity(identity));
  return identity;
}

export const ownVoter = (cluster: ClusterEntry | null, nodeId: number) =>
  cluster?.initial_voters.find((voter) => voter.node_id === nodeId);
