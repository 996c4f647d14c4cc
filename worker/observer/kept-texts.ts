/**
 * The texts of answers that an isolate has made of an image, by their address: each with the position that it is of. A
 * position names a prefix of a cluster's log, and all that follows from it (Log Matching), so at the same position the
 * text is the answer, as the `ETag` says too.
 */
import type { Position } from "../../durable-objects/contract.ts";

/** Letters, which take a byte each, or two where one of them is none of Latin-1. */
const LETTERS_MAX = 4 * 1_024 * 1_024;
/** What is longer is seldom asked for twice. */
const TEXT_LETTERS_MAX = 64 * 1_024;
/** What an entry takes besides its letters, roundly. */
const ENTRY_LETTERS = 200;

interface Kept extends Position {
  readonly text: string;
}

/** The least recently used first. */
const kept = new Map<string, Kept>();
let letters = 0;

/** The text that answers `address` at that position of the cluster of `key`; undefined when none was kept. */
export function textAt(key: string, address: string, at: Position): string | undefined {
  const name = nameOf(key, address);
  const found = kept.get(name);
  if (found === undefined || found.offset !== at.offset || found.epoch !== at.epoch)
    return undefined;
  kept.delete(name);
  kept.set(name, found);
  return found.text;
}

/** Keeps it in place of what answered `address` at another position. */
export function keepText(key: string, address: string, { text, offset, epoch }: Kept): void {
  const name = nameOf(key, address);
  drop(name);
  const size = sizeOf(name, text);
  if (size > TEXT_LETTERS_MAX) return;
  kept.set(name, { text, offset, epoch });
  letters += size;
  for (const oldest of kept.keys()) {
    if (letters <= LETTERS_MAX) break;
    drop(oldest);
  }
}

function drop(name: string): void {
  const found = kept.get(name);
  if (found === undefined) return;
  kept.delete(name);
  letters -= sizeOf(name, found.text);
}

const sizeOf = (name: string, text: string): number => name.length + text.length + ENTRY_LETTERS;

const nameOf = (key: string, address: string): string => `${key} ${address}`;
