/**
 * How old the knowledge of a leader may be: the time since a majority was last known to follow it. Read by those who
 * show what it says and must say of what age that is.
 */
import type { Milliseconds } from "./messages.ts";
import type { State } from "./state.ts";
import { isSteady, timeAt } from "./time.ts";

/**
 * How long ago the latest round began that a majority has confirmed, when the clock says `clock`: everything that was
 * committed before it began is known here. Null where nobody can tell: this replica does not lead, no round was
 * confirmed, or the clock has jumped since. A Fetch says nothing about this, for it may have been sent long ago.
 */
export function confirmedAgeMs(state: State, clock: Milliseconds): Milliseconds | null {
  if (state.role.kind !== "leader" || !isSteady(state, clock)) return null;
  const { confirmedAt } = state.role.reads;
  return confirmedAt === null ? null : timeAt(state, clock) - confirmedAt;
}
