/**
 * The leader's side of FetchSnapshot (N-7): pieces of a snapshot, by position, to voters and observers alike. What is
 * in a snapshot is committed, so everybody may have it (F-13).
 *
 * It is never held back, as a Fetch may be: a replica that downloads has a leader, and if it is not this one, it
 * should know at once.
 */
import { isForAnotherCluster } from "../exchange/addressing.ts";
import { hearFrom } from "../heartbeat.ts";
import { findSnapshot } from "../log-summary.ts";
import { answer, leadsEpoch, refusal } from "../leadership.ts";
import type {
  ErrorName,
  FetchSnapshotReply,
  FetchSnapshotRequest,
  RequestId,
} from "../messages.ts";
import type { State } from "../state.ts";
import { leaderRole } from "../state.ts";
import type { Turn } from "../turn.ts";
import { reply } from "../turn.ts";

/** Answers a FetchSnapshot: the checks of a Fetch (H-2), then which snapshot, then the position. */
export function onFetchSnapshotRequest(
  turn: Turn,
  request: RequestId,
  body: FetchSnapshotRequest,
): void {
  const refused = judgeSender(turn.state, body);
  if (refused !== "NONE") {
    reply(turn, request, snapshotError(turn.state, body, refused));
    return;
  }
  // A voter is alive whatever it asks for. What it has stored of a snapshot is not in its log: it acknowledges nothing.
  if (leaderRole(turn.state).voters.get(body.replica.id)?.rolledBack !== true)
    hearFrom(turn, body.replica);
  reply(turn, request, servePiece(turn.state, body));
}

function judgeSender(state: State, body: FetchSnapshotRequest): ErrorName {
  const { config } = state;
  if (isForAnotherCluster(body, config)) return "INCONSISTENT_CLUSTER_ID";
  if (isMalformed(body) || body.replica.id === config.local.key.id) return "INVALID_REQUEST";
  return leadsEpoch(state, body.epoch) ? "NONE" : refusal(state, body.epoch);
}

const isMalformed = ({ snapshotId, position, maxBytes }: FetchSnapshotRequest): boolean =>
  ![snapshotId.endOffset, snapshotId.epoch, position, maxBytes].every(Number.isSafeInteger);

function servePiece(state: State, body: FetchSnapshotRequest): FetchSnapshotReply {
  const { snapshotId, position, maxBytes } = body;
  // The one that a quorum is formatted with (0, 0) is never listed, and so never served.
  const snapshot = findSnapshot(state.log, snapshotId);
  if (snapshot === undefined) return snapshotError(state, body, "SNAPSHOT_NOT_FOUND");
  if (position < 0 || position >= snapshot.size) {
    return snapshotError(state, body, "POSITION_OUT_OF_RANGE");
  }
  // An answer without a byte would be asked for again for ever.
  const limit = Math.max(1, Math.min(maxBytes, state.config.fetchMaxBytes));
  return {
    ...snapshotError(state, body, "NONE"),
    size: snapshot.size,
    bytes: { id: snapshotId, position, maxBytes: limit },
  };
}

/** An answer without bytes. */
const snapshotError = (
  state: State,
  { snapshotId, position }: FetchSnapshotRequest,
  error: ErrorName,
): FetchSnapshotReply => ({
  api: "fetch-snapshot",
  ...answer(state, error),
  snapshotId,
  size: 0,
  position,
  bytes: null,
});
