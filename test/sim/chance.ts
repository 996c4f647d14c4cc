/**
 * The one source of chance of a simulated world: the house's seeded generator (`src/std/random.ts`), held in
 * a mutable hand because a world is a story told in one order. Every delay, fault and client decision is
 * drawn from it, so the seed alone decides the run.
 */
import { nextWord, type Random, seeded } from "../../src/std/random.ts";

export class Chance {
  #random: Random;

  constructor(seed: number) {
    // Neighbouring seeds must not start with neighbouring draws: the first words are thrown away.
    this.#random = nextWord(nextWord(seeded(Math.imul(seed, 0x2545f491))).random).random;
  }

  /** 32 random bits, as an unsigned integer. */
  word(): number {
    const { value, random } = nextWord(this.#random);
    this.#random = random;
    return value;
  }

  /** An integer in [from, to], both included. */
  between(from: number, to: number): number {
    return from + Math.floor((this.word() / 0x1_0000_0000) * (to - from + 1));
  }

  /** True with the given probability. Draws nothing when the answer is certain. */
  happens(probability: number): boolean {
    return probability > 0 && (probability >= 1 || this.word() / 0x1_0000_0000 < probability);
  }

  /** A number in [from, to] whose logarithm is uniform: rates and delays differ by orders of magnitude. */
  logUniform(from: number, to: number): number {
    return from * (to / from) ** (this.word() / 0x1_0000_0000);
  }

  /** One of the values, each as likely as the others; undefined of none. */
  pick<T>(values: readonly T[]): T | undefined {
    return values.length === 0 ? undefined : values[this.between(0, values.length - 1)];
  }

  /** The values in a random order. */
  shuffled<T>(values: readonly T[]): readonly T[] {
    return values
      .map((value) => ({ value, key: this.word() }))
      .toSorted((one, other) => one.key - other.key)
      .map(({ value }) => value);
  }
}
