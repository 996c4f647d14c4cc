/**
 * What becomes of a snapshot when all of its bytes are there (N-7, SN-1). The shell reads them back, which takes many
 * events: checksums, header, footer, every record. Meanwhile this follower goes on with Fetches, for its leader counts
 * on them, and whatever they bring counts: a log that has grown to hold the snapshot is not replaced by it.
 */
import { endRest } from "../exchange/connections.ts";
import { isSameSnapshot } from "../log-summary.ts";
import { voterSet } from "../membership/voter-history.ts";
import type { SnapshotId, StoredSnapshot, Voter } from "../messages.ts";
import type { Follower, State } from "../state.ts";
import type { Turn } from "../turn.ts";
import { installSnapshot, update } from "../turn.ts";
import { abandonInstall, isInstallable, rejectInstall } from "./fetching.ts";

/** The snapshot is sound: it replaces the log, unless it has become of no use. */
export function onSnapshotVerified(
  turn: Turn,
  snapshot: StoredSnapshot,
  voters: readonly Voter[],
): void {
  const role = verifierOf(turn.state, snapshot);
  if (role?.installing?.size !== snapshot.size) return;
  const set = voterSet(voters);
  const isNamed = set !== null && set.length > 0;
  if (set === null || !(isNamed || turn.state.config.observesOnly === true)) {
    // A header without voters is the peer's mistake like any other, but where others chose them (kraft.version 0).
    rejectInstall(turn);
  } else if (isInstallable(turn.state, snapshot)) {
    update(turn, { role: { ...role, installing: null } });
    installSnapshot(turn, snapshot, set);
    endRest(turn, role.leaderId);
  } else {
    abandonInstall(turn);
  }
}

/** The snapshot is not sound. */
export function onSnapshotRefused(turn: Turn, id: SnapshotId): void {
  if (verifierOf(turn.state, id) !== null) rejectInstall(turn);
}

/** The role of a follower that has all bytes of this very snapshot; null for any other. */
function verifierOf({ role }: State, id: SnapshotId): Follower | null {
  if (role.kind !== "follower" || role.installing?.phase !== "verifying") return null;
  return isSameSnapshot(role.installing.id, id) ? role : null;
}
