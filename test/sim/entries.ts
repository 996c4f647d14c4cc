/**
 * How the simulator looks at a batch: the mark that checkers compare, the entry that a fetch carries, and the records
 * in it. The bytes of a batch are immutable and shared by all replicas, so each is read once.
 */
import { entriesOf, valuesOf, votersIn } from "../../durable-objects/replica/entries.ts";
import type { StoredBatch } from "../../durable-objects/replica/stored-batch.ts";
import {
  decodeMetadataRecord,
  decodeRecordBatch,
  type MetadataRecord,
} from "../../src/protocol/index.ts";
import type { Entry, VoterSet } from "../../src/raft/index.ts";
import { nameOfKey } from "./directories.ts";
import type { EntryMark } from "./observation.ts";

interface Prints {
  readonly fingerprint: number;
  /** Of each record's value; empty for a control batch. */
  readonly records: readonly number[];
  readonly voters?: readonly string[];
  readonly votersPrint?: number;
}

const prints = new WeakMap<Uint8Array, Prints>();
const entries = new WeakMap<Uint8Array, Entry>();
const decoded = new WeakMap<Uint8Array, readonly MetadataRecord[]>();

export function markOf(batch: StoredBatch): EntryMark {
  const { baseOffset, lastOffset, epoch, bytes } = batch;
  let known = prints.get(bytes);
  if (known === undefined) {
    known = printsOf(batch);
    prints.set(bytes, known);
  }
  return { baseOffset, lastOffset, epoch, ...known };
}

/** A stored batch as a fetch carries it. */
export function entryOf({ bytes }: StoredBatch): Entry {
  const known = entries.get(bytes) ?? entriesOf(bytes)[0];
  if (known === undefined) throw new Error("a stored batch holds no batch");
  entries.set(bytes, known);
  return known;
}

/** A fetched entry as it would be stored. */
export const storedBatchOf = ({ payload, ...entry }: Entry): StoredBatch => ({
  baseOffset: entry.baseOffset,
  lastOffset: entry.lastOffset,
  epoch: entry.epoch,
  control: entry.control.length > 0,
  bytes: payload ?? new Uint8Array(),
});

/** The metadata records of a batch; none of a control batch. */
export function metadataOf(bytes: Uint8Array): readonly MetadataRecord[] {
  const known = decoded.get(bytes) ?? valuesOf(bytes).values.map(decodeMetadataRecord);
  decoded.set(bytes, known);
  return known;
}

/** All that a voter set says, as a number. */
export function printOf(voters: VoterSet): number {
  const sorted = voters.toSorted((one, other) => one.key.id - other.key.id);
  return fingerprintOfBytes(new TextEncoder().encode(JSON.stringify(sorted)));
}

/** Bytes as a number (FNV-1a). */
export function fingerprintOfBytes(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

function printsOf(stored: StoredBatch): Prints {
  const batch = decodeRecordBatch(stored.bytes);
  const fingerprint = fingerprintOfBytes(stored.bytes);
  if (!batch.isControl) return { fingerprint, records: batch.values.map(fingerprintOfBytes) };
  const set = votersIn(stored).at(-1)?.voters;
  if (set === undefined) return { fingerprint, records: [] };
  const voters = set.map(({ key }) => nameOfKey(key));
  return { fingerprint, records: [], voters, votersPrint: printOf(set) };
}
