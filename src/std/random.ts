/**
 * A seeded generator as a value: drawing returns the number and the generator that follows, so a core that
 * keeps one in its state stays a pure function. SplitMix32; good enough to spread timeouts and replicas, never
 * for secrets.
 */

/** The whole state of a generator: one 32-bit word. */
export interface Random {
  readonly word: number;
}

export const seeded = (seed: number): Random => ({ word: seed | 0 });

/** Draws an integer in [0, bound). `bound` must be at least 1. */
export function nextInt(
  random: Random,
  bound: number,
): { readonly value: number; readonly random: Random } {
  const { value, random: next } = nextWord(random);
  return { value: Math.floor((value / 0x1_0000_0000) * bound), random: next };
}

/** Draws 32 random bits as an unsigned integer. */
export function nextWord(random: Random): { readonly value: number; readonly random: Random } {
  const word = (random.word + 0x9e3779b9) | 0;
  let mixed = word ^ (word >>> 16);
  mixed = Math.imul(mixed, 0x21f0aaad);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x735a2d97);
  mixed ^= mixed >>> 15;
  return { value: mixed >>> 0, random: { word } };
}
