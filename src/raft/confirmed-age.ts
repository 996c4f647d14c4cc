/**
 * How old the knowledge of a replica may be: of a leader the time since a majority was last known to follow it, of one
 * that only observes the time since it asked a leader that told it everything. Read by those who show what it says and
 * must say of what age that is.
 */
import type { Milliseconds } from "./messages.ts";
import type { State } from "./state.ts";
import { isSteady, timeAt } from "./time.ts";

/**
 * Everything that was committed so long before the clock said `clock` is known here. Null where nobody can tell: this
 * replica neither leads nor observes only, no round was confirmed, or the clock has jumped since. A voter's Fetch
 * says nothing about this, for it may have been sent long ago.
 */
export function confirmedAgeMs(state: State, clock: Milliseconds): Milliseconds | null {
  if (!isSteady(state, clock)) return null;
  if (state.config.observesOnly === true) return observedAgeMs(state, clock);
  if (state.role.kind !== "leader") return null;
  const { confirmedAt } = state.role.reads;
  return confirmedAt === null ? null : timeAt(state, clock) - confirmedAt;
}

/** OB-3: who has answered may have been deposed for as long as a leader without a majority stays in office. */
function observedAgeMs(state: State, clock: Milliseconds): Milliseconds | null {
  const { levelAt, config } = state;
  return levelAt === null ? null : timeAt(state, clock) - levelAt + 2 * config.fetchTimeoutMs;
}
