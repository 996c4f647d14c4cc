/**
 * What a replica does to its own log: it lists the snapshots that it has made, and cuts the log at the end of one. When
 * to do either is for `retention.ts` and `snapshot-due.ts` to say, and for the shell to ask; any role may, a leader's
 * followers get the snapshot then (N-4: nothing here reads one).
 */
import type { Offset, StoredSnapshot } from "../messages.ts";
import type { Turn } from "../turn.ts";
import { addSnapshot, cutAt } from "../turn.ts";

/** A snapshot was made. One that another has overtaken, made or installed, is of no use any more (N-2). */
export function onSnapshotMade(turn: Turn, snapshot: StoredSnapshot): void {
  const newest = turn.state.log.snapshots.at(-1)?.endOffset ?? 0;
  if (snapshot.endOffset > newest) addSnapshot(turn, snapshot);
}

/** What lies below `startOffset` is not needed any more (N-5). */
export function onLogCut(turn: Turn, startOffset: Offset): void {
  if (startOffset !== turn.state.log.startOffset) cutAt(turn, startOffset);
}
