/**
 * How far answers reach into a cluster's log: the position on every answer, and the furthest one that this isolate
 * has shown of each cluster. A later read from the same isolate reaches at least as far, so a client that wrote here
 * reads its write here, and no client is shown an older position after a newer one.
 */
import { positionHeaders, type Position } from "../../durable-objects/contract.ts";
import { clusterKey } from "../channel/controller-calls.ts";
import type { ScopedContext } from "../env.ts";
import { Recent } from "../recent.ts";

/** Two numbers for each cluster; more clusters than one isolate serves. */
const SEEN_MAX = 10_000;

const seen = new Recent<Position>(SEEN_MAX);

/** The furthest position shown of that cluster; before everything when none was. */
export const seenOf = (key: string): Position => seen.get(key) ?? { offset: -1, epoch: 0 };

/** Notes that `position` was shown. Committed positions only ever grow, so the furthest stands for all. */
export function noteSeen(key: string, position: Position): void {
  if (position.offset > seenOf(key).offset) seen.set(key, position);
}

/**
 * Puts the position on an answer about a cluster: the one that the handler has set, else, as on a refusal, the furthest
 * that was shown.
 */
export function stampPosition(context: ScopedContext): void {
  const key = clusterKey(context.var.entry);
  const { position = seenOf(key) } = context.var;
  noteSeen(key, position);
  for (const [name, value] of Object.entries(positionHeaders(position))) {
    context.header(name, value);
  }
}
