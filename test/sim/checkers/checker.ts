/**
 * What a checker is. Each invariant has a file of its own that exports how to make one; a checker is shown
 * every observation in order and says what is wrong, in a sentence, or nothing.
 */
import type { Observation } from "../observation.ts";
import { Ghost } from "./ghost.ts";

export interface Checker {
  /** The invariant, as the file is named. */
  readonly name: string;
  /** The complaint, or undefined. Sees the ghost with this observation's writes, without its commits. */
  readonly judge: (observation: Observation, ghost: Ghost) => string | undefined;
}

export interface Complaint {
  readonly checker: string;
  readonly sentence: string;
}

/** A bench of checkers around one ghost. */
export class Bench {
  readonly ghost = new Ghost();
  readonly #checkers: readonly Checker[];

  constructor(checkers: readonly Checker[]) {
    this.#checkers = checkers;
  }

  /** The first complaint about the next observation of a history. */
  judge(observation: Observation): Complaint | undefined {
    this.ghost.write(observation);
    for (const { name, judge } of this.#checkers) {
      const sentence = judge(observation, this.ghost);
      if (sentence !== undefined) return { checker: name, sentence };
    }
    this.ghost.commit(observation);
    return undefined;
  }
}
