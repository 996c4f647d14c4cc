/**
 * How long a sleeping leader's word is good (SL-6). It runs no check quorum, and could have been deposed while it slept:
 * it may say for a while what it knew, and must then make sure that it leads still. The round by which it does wakes
 * nobody, for a follower that holds the same sleep answers it from where it lies.
 */
import { confirmedAgeMs } from "../confirmed-age.ts";
import type { Milliseconds } from "../messages.ts";
import type { State } from "../state.ts";

/**
 * A broker that reaches a deposed controller, while others do not, learns so late that it is fenced. Kafka's bound is
 * 3 s. Nothing that is committed depends on its knowing, and every second here is a request to each voter saved.
 */
export const CONFIRMED_MS_MAX: Milliseconds = 30_000;

/** Whether this leader sleeps, and has to make sure that it leads before it answers. `clock` is its reading now. */
export function mustConfirm(state: State, clock: Milliseconds): boolean {
  if (state.asleep === null || state.role.kind !== "leader") return false;
  const ageMs = confirmedAgeMs(state, clock);
  return ageMs === null || ageMs > CONFIRMED_MS_MAX;
}
