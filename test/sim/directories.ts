/**
 * The directory ids of a world's storages, and what observations call a replica by its id and its directory: `3` with
 * the storage that node 3 began with, `3/1` with the one that came after it.
 */
import { uuidFromBytes, type Uuid } from "../../src/protocol/index.ts";
import type { ReplicaKey } from "../../src/raft/index.ts";
import { nameOf } from "./observation.ts";

const FILL = 7;

/** By directory: what a replica is called, the same in every world. */
const names = new Map<string, string>();

/** The uuid of the storage that a node has after it has lost so many. */
export function directoryOf(id: number, generation = 0): Uuid {
  const bytes = new Uint8Array(16).fill(FILL);
  bytes.set([FILL + generation, id >> 8, id & 255], 13);
  const directory = uuidFromBytes(bytes);
  names.set(directory, generation === 0 ? nameOf(id) : `${nameOf(id)}/${generation}`);
  return directory;
}

/** What observations call a replica. One whose directory is that of no storage is called by it. */
export const nameOfKey = ({ id, directoryId }: ReplicaKey): string =>
  names.get(directoryId) ?? `${id}/${directoryId}`;
