/**
 * Fetches that wait for their answer, parked by a leader or held by anybody else: when the first is due, and
 * which ones are.
 */
import { ImmutableMap, byNumber } from "../../std/immutable-map.ts";
import type { Milliseconds } from "../messages.ts";
import type { WaitingFetches } from "../state.ts";

export const NOBODY: WaitingFetches = ImmutableMap.empty(byNumber);

/** When the first of them is due; Infinity when nobody waits. */
export function earliestDeadline(waiting: WaitingFetches): Milliseconds {
  let earliest = Number.POSITIVE_INFINITY;
  for (const { deadline } of waiting.values()) earliest = Math.min(earliest, deadline);
  return earliest;
}

/** Separates those whose time is over from the rest. */
export function splitDue(
  waiting: WaitingFetches,
  now: Milliseconds,
): { readonly due: WaitingFetches; readonly rest: WaitingFetches } {
  let due = NOBODY;
  let rest = waiting;
  for (const [request, fetch] of waiting) {
    if (fetch.deadline > now) continue;
    due = due.set(request, fetch);
    rest = rest.delete(request);
  }
  return { due, rest };
}
