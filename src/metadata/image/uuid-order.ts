/**
 * The canonical order of ids: by their sixteen bytes, unsigned. It is not the order of their spelling, whose
 * alphabet (base64url) is not sorted as text is.
 */
import type { Uuid } from "../../protocol/index.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const RANKS = new Uint8Array(128);
for (let rank = 0; rank < ALPHABET.length; rank += 1) RANKS[ALPHABET.charCodeAt(rank)] = rank;

/** Negative, zero or positive, as the bytes of `a` are below, equal to or above those of `b`. */
export function byUuid(a: Uuid, b: Uuid): number {
  if (a === b) return 0;
  for (let at = 0; at < a.length; at += 1) {
    const letterOfA = a.charCodeAt(at);
    const letterOfB = b.charCodeAt(at);
    if (letterOfA !== letterOfB) return (RANKS[letterOfA] ?? 0) - (RANKS[letterOfB] ?? 0);
  }
  return 0;
}
