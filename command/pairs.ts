/** Pairs as they are typed: `name=value`. */
import { UsageError } from "./usage-error.ts";

/** Splits each at its first `=`; a value may be empty and have more of them. */
export const pairsOf = (words: readonly string[]): readonly (readonly [string, string])[] =>
  words.map((word) => {
    const at = word.indexOf("=");
    if (at < 1) throw new UsageError(`${word}: must be name=value`);
    return [word.slice(0, at), word.slice(at + 1)];
  });

/** For an option that may be given several times: each takes one word, and leaves the next to whom it belongs. */
export const several = (word: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  word,
];
