/**
 * The platform's errors in the words of consensus. An error carries a few documented properties; everything that
 * consensus concludes from a failed call rests on them, and is concluded here alone.
 */
import type { RequestFailure } from "../../src/raft/index.ts";

/**
 * What the platform's error says of the peer, by the properties that it documents. An error without any is a lost
 * connection: that is how a call ends whose object was moved or evicted.
 * https://developers.cloudflare.com/durable-objects/best-practices/error-handling/
 */
export function failureOf(error: unknown): RequestFailure {
  if (typeof error !== "object" || error === null) return "reset";
  if ("overloaded" in error && error.overloaded === true) return "overloaded";
  if ("durableObjectReset" in error && error.durableObjectReset === true) return "reset";
  if ("retryable" in error && error.retryable === true) return "retryable";
  return "reset";
}

/** Why a call came to nothing: what consensus makes of the platform's errors is decided where they are seen. */
export class CallFailed extends Error {
  override readonly name = "CallFailed";
  readonly failure: RequestFailure;

  constructor(failure: RequestFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.failure = failure;
  }
}
