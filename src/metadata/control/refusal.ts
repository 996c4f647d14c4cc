/**
 * What an operation answers for one item of a request: done, or refused with Kafka's code and words. A value, never
 * thrown: one bad item of a request says nothing about the next.
 */
import { ErrorCode, type ErrorName } from "../../protocol/index.ts";

/** The two fields that nearly every response has per item. */
export interface Outcome {
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

export const DONE: Outcome = { errorCode: ErrorCode.NONE, errorMessage: null };

/** `message` null: clients know the code's own words. */
export function refuse(name: ErrorName, message: string | null): Outcome {
  return { errorCode: ErrorCode[name], errorMessage: message };
}

/** One user operation is one batch; more than fits one is refused as a whole. */
export const EXCESSIVE_BATCH: Outcome = refuse(
  "POLICY_VIOLATION",
  "Unable to perform excessively large batch operation.",
);
