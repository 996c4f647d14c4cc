/**
 * What a leader knows of one replica: how far it has acknowledged, and when it was last heard from.
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
