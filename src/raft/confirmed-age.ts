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

/**
 * How long a sleeping leader's word is good (SL-6). A broker that reaches a deposed controller, while others do not,
 * learns so late that it is fenced. Kafka's bound is 3 s. Nothing that is committed depends on its knowing, and every
 * second here saves a request to each voter.
 */
const CONFIRMED_MS_MAX: Milliseconds = 30_000;

/**
 * Whether this leader sleeps, and has to make sure that it leads before it answers: asleep it runs no check quorum, and
 * could have been deposed.
 */
export function mustConfirm(state: State, clock: Milliseconds): boolean {
  if (state.asleep === null || state.role.kind !== "leader") return false;
  const ageMs = confirmedAgeMs(state, clock);
  return ageMs === null || ageMs > CONFIRMED_MS_MAX;
}
