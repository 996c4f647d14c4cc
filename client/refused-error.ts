/**
 * Why a call has no answer: the one error of this client. A refusal has the status and the `error_code` of the HTTP
 * interface (docs/HTTP.md has the list); where nothing answered at all both are 0. A call that its caller aborted
 * throws that signal's reason in place of this.
 */

/** A place in a cluster's log: the offset of a committed record, and its leader epoch. */
export interface Position {
  readonly offset: number;
  readonly epoch: number;
}

/** The body of every refusal. */
export interface Refusal {
  readonly error_code: number;
  readonly message: string;
  /** Where to go on, when the log no longer begins at the offset that was asked for. */
  readonly next_offset?: number;
  /** How long ago a majority confirmed what is current, when that was asked for; null for never. */
  readonly confirmed_age_ms?: number | null;
}

export interface Refused {
  /** HTTP's; 0 where nothing answered. */
  readonly status: number;
  readonly refusal: Refusal;
  /** How far the cluster was seen by who refused; null where the refusal is not about one. */
  readonly position?: Position | null;
  /** `Retry-After`, in ms; null where it is absent. */
  readonly retryAfterMs?: number | null;
  readonly cause?: unknown;
}

export class RefusedError extends Error {
  override readonly name = "RefusedError";
  readonly status: number;
  readonly refusal: Refusal;
  readonly position: Position | null;
  readonly retryAfterMs: number | null;

  /** `what` was asked for, as `GET https://…`. */
  constructor(what: string, refused: Refused) {
    const { status, refusal, position = null, retryAfterMs = null } = refused;
    const numbers = status === 0 ? "" : `${status} ${refusal.error_code} `;
    super(`${what}: ${numbers}${refusal.message}`, { cause: refused.cause });
    this.status = status;
    this.refusal = refusal;
    this.position = position;
    this.retryAfterMs = retryAfterMs;
  }

  get errorCode(): number {
    return this.refusal.error_code;
  }
}
