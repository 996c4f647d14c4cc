/**
 * How the simulator looks at a batch: the mark that checkers compare, and its size. A batch is an immutable
 * value that replicas share, so a mark is made once.
 */
import type { Entry } from "../../src/raft/index.ts";
import type { EntryMark } from "./observation.ts";

const marks = new WeakMap<Entry, EntryMark>();

export function markOf(entry: Entry): EntryMark {
  const known = marks.get(entry);
  if (known !== undefined) return known;
  const { baseOffset, lastOffset, epoch } = entry;
  const mark = { baseOffset, lastOffset, epoch, fingerprint: fingerprintOf(entry) };
  marks.set(entry, mark);
  return mark;
}

/** The simulator's size of a batch, in bytes. */
export const sizeOf = (entry: Entry): number =>
  60 + (entry.payload?.length ?? 40 * entry.control.length);

/** The bytes of a payload as a number (FNV-1a). */
export function fingerprintOfBytes(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

function fingerprintOf(entry: Entry): number {
  if (entry.control.length === 0) return fingerprintOfBytes(entry.payload ?? new Uint8Array());
  return fingerprintOfBytes(new TextEncoder().encode(JSON.stringify(entry.control)));
}
