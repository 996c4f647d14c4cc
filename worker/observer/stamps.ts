/**
 * The stamp on every answer about a cluster: how far into its log the answer reaches.
 */
import { clusterKey } from "../channel/controller-calls.ts";
import type { ScopedContext } from "../env.ts";
import { EPOCH_HEADER, OFFSET_HEADER, noteSeen, positionOf, seenOf } from "./position.ts";

/**
 * Sees to it that an answer about a cluster carries its position: its own when it has one, else the furthest that
 * was shown (a refusal says no less than the answer before it).
 */
export function stampPosition(context: ScopedContext): void {
  const key = clusterKey(context.var.entry);
  const own = positionOf(context.res);
  if (own !== undefined) {
    noteSeen(key, own);
    return;
  }
  const { offset, epoch } = seenOf(key);
  context.header(OFFSET_HEADER, String(offset));
  context.header(EPOCH_HEADER, String(epoch));
}
