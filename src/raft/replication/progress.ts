/**
 * What a leader knows of one replica before it has heard from it in this epoch: nothing. What it knew in an
 * earlier epoch does not carry over, for that replica may have been truncated since.
 */
import type { ReplicaKey } from "../messages.ts";
import type { ReplicaProgress } from "../state.ts";

/** A replica of which a leader has heard nothing in its epoch. */
export const noProgress = (key: ReplicaKey): ReplicaProgress => ({
  key,
  endOffset: null,
  lastFetchAt: null,
  lastCaughtUpAt: null,
  lastFetchEnd: 0,
  incarnation: null,
  rolledBack: false,
});
