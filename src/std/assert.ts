/**
 * Assertions about our own state, on in production. They judge what this code has made of the world, never
 * what a broker, a client or a peer has sent: bad input is a value, not an assertion.
 */

/** An invariant of this code does not hold. The shell stops the object; nothing may go on from here. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

/** Fails with `sentence`, which says what ought to hold and names the values. */
export function assert(condition: boolean, sentence: string): asserts condition {
  if (!condition) throw new AssertionError(sentence);
}

/** The default branch of an exhaustive switch: the compiler proves that it is never reached. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${JSON.stringify(value)}`);
}
