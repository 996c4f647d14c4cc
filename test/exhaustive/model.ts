/**
 * What is explored: who is there, from where it begins, and how much may happen. Within these bounds everything
 * happens, in every order.
 */
import type { Input } from "../../src/raft/index.ts";
import type { Replica } from "./replica.ts";
import type { Situation } from "./situations.ts";
import type { Cost } from "./world.ts";

/** Something that an application or an operator may ask of a replica. */
export interface Command {
  readonly name: string;
  /**
   * What may be asked of this replica when so many of the same were asked before, and so much has ever been committed;
   * none where it makes no sense.
   */
  readonly inputs: (replica: Replica, before: number, committed: number) => readonly Input[];
}

/** How much may happen. */
export interface Bounds {
  /** Nobody goes beyond this epoch: worlds in which somebody would are cut off. */
  readonly epochsMax: number;
  /** How often each may happen. What is not named never does, and of what may happen without end no count is kept. */
  readonly allowed: Readonly<Partial<Record<Cost, number>>>;
  /** What an exploration must have met, or it has shown nothing. */
  readonly demands: {
    /** Different worlds. */
    readonly states: number;
    readonly situations: readonly Situation[];
  };
}

export interface Model {
  readonly name: string;
  readonly nodes: number;
  /** So many of the nodes form the quorum at first. */
  readonly voters: number;
  /** Whether they know how to sleep. */
  readonly maySleep?: true;
  /** When all have booted and found nobody who leads, or when all follow their first leader and have what it has. */
  readonly begins: "without a leader" | "with a leader";
  readonly commands: readonly Command[];
  /** For a long run. */
  readonly full: Bounds;
  /** For each run of the tests: small enough to be exhausted. */
  readonly short: Bounds;
}

/** A pause may be over at any time, or a replica that was refused would never ask again. */
export const OFTEN = Number.POSITIVE_INFINITY;
