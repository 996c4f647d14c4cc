/**
 * What an operation answers for one item of a request: no error, or Kafka's code and words. A value, never thrown: one
 * bad item of a request says nothing about the next. Kafka: `ApiError`.
 */
import { ErrorCode, type ApiError, type ErrorName } from "../../protocol/index.ts";

export type { ApiError };

export const NO_ERROR: ApiError = { errorCode: ErrorCode.NONE, errorMessage: null };

/** `message` null: clients know the code's own words. */
export function apiError(name: ErrorName, message: string | null): ApiError {
  return { errorCode: ErrorCode[name], errorMessage: message };
}

/** The same, of an answer whose message Kafka leaves as it is: it has no letters then, and is not null. */
export const NOTHING_SAID: ApiError = { errorCode: ErrorCode.NONE, errorMessage: "" };

/** One user operation is one batch; more than fits one is refused as a whole. */
export const EXCESSIVE_BATCH: ApiError = apiError(
  "POLICY_VIOLATION",
  "Unable to perform excessively large batch operation.",
);

/** To who would write access control entries where none decide. */
export const NO_AUTHORIZER: ApiError = apiError(
  "SECURITY_DISABLED",
  "No Authorizer is configured.",
);
