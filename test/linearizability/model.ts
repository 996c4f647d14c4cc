/** What an object should do when one operation comes after the other: the law that a history is held against. */
export interface Model<State, Input, Output> {
  readonly init: State;
  /**
   * The state after an operation with this outcome, or null where it cannot have had that outcome in this state. An
   * outcome of null is not known, and possible in every state.
   */
  readonly step: (state: State, input: Input, output: Output | null) => State | null;
  /** The part of the object that it touches: a history is linearizable if that of every part is (Herlihy and Wing). */
  readonly keyOf: (input: Input) => string;
  /** Whether it never changes the state: then nothing follows from one whose outcome is not known. */
  readonly isRead: (input: Input) => boolean;
  /** Equal for equal states, and for no others. */
  readonly fingerprint: (state: State) => string;
}
