/**
 * What a mutant is: a mistake made on purpose, which a checker must notice.
 */
export interface Edit {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export interface Mutant {
  readonly name: string;
  /** The rule that is broken, as `src/raft` numbers it, or the issue in which Kafka met it. */
  readonly breaks: string;
  readonly edits: readonly Edit[];
  /** The invariants that may fall first. */
  readonly killers: readonly string[];
  /** Who judges: the simulator, or, where only liveness suffers, the golden scripts of `test/raft`. */
  readonly suite?: "sim" | "scripts";
}

/** Takes away one of the core's own assertions, by its condition. */
export const without = (file: string, find: string): Edit => ({
  file,
  find,
  replace: find.endsWith(",") ? "true," : "true",
});
