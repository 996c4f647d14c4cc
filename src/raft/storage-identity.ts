/**
 * Which storage a replica runs on. A storage is born with a directory id in one object (KIP-853), and votes and
 * acknowledges in the name of that one alone, for as long as it lives. A copy of it, restored or forked into another
 * object, would do so a second time.
 */
import type { DirectoryId } from "./messages.ts";

export interface StorageIdentity {
  /** Drawn once, with the storage. */
  readonly directoryId: DirectoryId;
  /** The object in which it was drawn, by the platform's name for it. */
  readonly objectId: string;
}

/** Why `objectId` may not run this storage, in words; null when it is its own (T-4). */
export const refusalOf = (storage: StorageIdentity, objectId: string): string | null =>
  storage.objectId === objectId ? null : `its storage is that of object ${storage.objectId}`;
