/**
 * A replica's own time. Clocks jump: ahead for one reading, back by a correction, and to another machine's when an
 * object moves. A replica therefore never compares a deadline with a clock. It adds up what passes between one input
 * and the next, and a step back adds nothing; so a clock that was once ahead stops no timer, and one that runs slow or
 * fast makes timers slow or fast and no more.
 */
import { nextDeadline } from "./deadlines.ts";
import type { Milliseconds } from "./messages.ts";
import type { State } from "./state.ts";

/** Nothing here waits for longer than an observer's session of five minutes: a longer gap says nothing more. */
const GAP_MS_MAX = 600_000;

/** This replica's time when its clock says `clock`. */
export const timeAt = (state: State, clock: Milliseconds): Milliseconds =>
  state.now + Math.min(GAP_MS_MAX, Math.max(0, clock - state.clock));

/**
 * Whether this replica was frozen until `now`, or its clock jumped: more than a fetch time-out without an input, at
 * the end of which a deadline is overdue by much. A timer that is only late by moments has kept its word, however
 * long it ran.
 */
export function hasStoodStill(state: State, now: Milliseconds): boolean {
  const { fetchTimeoutMs } = state.config;
  if (now - state.now <= fetchTimeoutMs) return false;
  return now - nextDeadline(state) > fetchTimeoutMs / 4;
}
