/**
 * A replica's own time. Clocks jump: ahead for one reading, back by a correction, and to another machine's when an
 * object moves. A replica therefore never compares a deadline with a clock. It adds up what passes between one input
 * and the next; so a clock that was once ahead stops no timer, and one that runs slow or fast makes timers slow or fast
 * and no more. How much has passed over a step back nobody can tell: it counts for a millisecond, so that no deadline
 * that is set now is mistaken for one that was set before, whose timer goes on running.
 */
import { nextDeadline } from "./deadlines.ts";
import type { Milliseconds } from "./messages.ts";
import type { State } from "./state.ts";

/** Nothing here waits for longer than an observer's session of five minutes: a longer gap says nothing more. */
const GAP_MS_MAX = 600_000;

/** This replica's time when its clock says `clock`. */
export function timeAt(state: State, clock: Milliseconds): Milliseconds {
  const passed = clock - state.clock;
  return state.now + (passed < 0 ? 1 : Math.min(GAP_MS_MAX, passed));
}

/** Whether the clock has gone on to `clock` without a jump that hides how much time has passed. */
export function isSteady(state: State, clock: Milliseconds): boolean {
  const passed = clock - state.clock;
  return passed >= 0 && passed <= GAP_MS_MAX;
}

/** What the clock would say at a time of this replica's own, had it run on from its latest reading. */
export const clockAt = (state: State, time: Milliseconds): Milliseconds =>
  state.clock + (time - state.now);

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
