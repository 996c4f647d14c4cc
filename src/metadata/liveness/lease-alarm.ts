/**
 * When a controller that runs no timers must be woken for its brokers' sessions (SL-7). An alarm at the first end of a
 * session, set again whenever it comes, would fire every few seconds for a cluster in which all is well. So heartbeats
 * themselves are the clock: each that arrives is an occasion to look, and an alarm is set for a session alone that is
 * about to end, which it is only when its broker has been silent.
 */

/** Should every broker fall silent at once, nobody is left to take over, and so long it may take to be seen. */
const SILENCE_MS_MAX = 60_000;

/** What is known of all sessions; times in ms. */
export interface Leases {
  /** No session ends before; Infinity where there is none. */
  readonly deadlineMs: number;
  /** When some broker was heard from last. */
  readonly heardMs: number;
  /** How many brokers have a session. */
  readonly count: number;
}

/** Whether a session is about to end. A broker sends several heartbeats in one: a third is time for the next. */
export const isLeaseNear = (deadlineMs: number, nowMs: number, timeoutMs: number): boolean =>
  deadlineMs - nowMs <= Math.ceil(timeoutMs / 3);

/** When to look again, in ms; Infinity without a session. `timeoutMs` is a session's length. */
export function leaseAlarmAt(
  { deadlineMs, heardMs, count }: Leases,
  { nowMs, timeoutMs }: { readonly nowMs: number; readonly timeoutMs: number },
): number {
  // The only broker's own heartbeats do not come any more when it falls silent.
  const isClocked = count > 1 && !isLeaseNear(heardMs + timeoutMs, nowMs, timeoutMs);
  if (!isClocked || isLeaseNear(deadlineMs, nowMs, timeoutMs)) return deadlineMs;
  return nowMs + SILENCE_MS_MAX;
}
