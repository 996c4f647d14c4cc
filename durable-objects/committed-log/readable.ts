/**
 * What is committed and cannot be read: it could not be read after a restart either, so that an operator must see to
 * it.
 */
import { AssertionError } from "../../src/std/assert.ts";

/** What `read` answers. If it fails, that breaks an invariant, and the sentence names `what`. */
export function readable<Result>(what: string, read: () => Result): Result {
  try {
    return read();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AssertionError(`this build cannot replay ${what}: ${reason}`, { cause });
  }
}
