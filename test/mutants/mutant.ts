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
  /**
   * Who judges, where it is not the simulator's swarm. `budgets`: its quiet worlds alone (`failover.ts`). `rules`: the
   * tables of `test/metadata` and `test/raft`, for what the simulator has no worlds, or too few. `controller`: the
   * tests of `test/controller`, for what is around the core. `gateway`: those of its links, which are outside of it.
   * `assertion` and `golden`: the mistake is seen by the code's own assertions alone, or by golden scripts of
   * `test/raft`, which any change of behaviour kills; such a row says nothing of the checkers and is counted apart.
   */
  readonly witness?: "budgets" | "rules" | "controller" | "gateway" | "assertion" | "golden";
}

/** Takes away one of the core's own assertions, by its condition. */
export const without = (file: string, find: string): Edit => ({
  file,
  find,
  replace: find.endsWith(",") ? "true," : "true",
});
