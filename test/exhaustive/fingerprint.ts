/**
 * Fingerprints: 64 bits that stand for a text, as two words of 32. A world's is the sum of those of its parts, so that
 * it costs as much as the parts are many, whatever they hold, and their order does not matter.
 *
 * Two worlds of one fingerprint are taken for the same, and the second is not looked at. Among n worlds that happens
 * with a probability of about n²/2⁶⁵: 3 in 100,000 for thirty million.
 */
import { RELABELINGS, type Relabeling } from "./relabeling.ts";

/** For each relabeling two words. */
export type Fingerprints = Uint32Array;

/** Of what `text` says under each relabeling. */
export function fingerprintsOf(text: (names: Relabeling) => string): Fingerprints {
  const prints = new Uint32Array(2 * RELABELINGS.length);
  for (const [at, names] of RELABELINGS.entries()) {
    const [low, high] = wordsOf(text(names));
    prints[2 * at] = low;
    prints[2 * at + 1] = high;
  }
  return prints;
}

/** Two multiplicative hashes that are mixed into each other at the end (cyrb, MurmurHash3's constants). */
export function wordsOf(text: string): readonly [number, number] {
  let one = 0xdeadbeef;
  let two = 0x41c6ce57;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    one = Math.imul(one ^ unit, 0x9e3779b1);
    two = Math.imul(two ^ unit, 0x5f356495);
  }
  const low = Math.imul(one ^ (one >>> 16), 0x85ebca6b) ^ Math.imul(two ^ (two >>> 13), 0xc2b2ae35);
  const high =
    Math.imul(two ^ (two >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35);
  return [low >>> 0, high >>> 0];
}

/** A set of fingerprints: open addressing over two arrays, 16 bytes a place, half of the places free. */
export class FingerprintSet {
  #low = new Uint32Array(1 << 16);
  #high = new Uint32Array(1 << 16);
  size = 0;

  /** False where it was there already. */
  add(low: number, high: number): boolean {
    // Two zeros mark a free place.
    const isNew = this.#place(low, high === 0 && low === 0 ? 1 : high);
    if (isNew && this.size * 2 > this.#low.length) this.#grow();
    return isNew;
  }

  #place(low: number, high: number): boolean {
    const mask = this.#low.length - 1;
    let at = low & mask;
    while (this.#low[at] !== 0 || this.#high[at] !== 0) {
      if (this.#low[at] === low && this.#high[at] === high) return false;
      at = (at + 1) & mask;
    }
    this.#low[at] = low;
    this.#high[at] = high;
    this.size += 1;
    return true;
  }

  #grow(): void {
    const [low, high] = [this.#low, this.#high];
    this.#low = new Uint32Array(2 * low.length);
    this.#high = new Uint32Array(2 * low.length);
    this.size = 0;
    for (let at = 0; at < low.length; at += 1) {
      const [one = 0, two = 0] = [low[at], high[at]];
      if (one !== 0 || two !== 0) this.#place(one, two);
    }
  }
}
