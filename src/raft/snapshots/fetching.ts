/**
 * The follower's side of FetchSnapshot (N-7): a log that its leader's does not reach back to is fetched as a snapshot,
 * range by range. Each range is stored before the next is asked for, for its step persists first.
 *
 * The ranges are of one leader's file. Another leader may hold other bytes under the same id, so a download ends with
 * the role (N-8), and an answer that is not about the range that was asked for ends it, too. Kafka's replica dies of
 * such an answer; here it is the peer's mistake and costs a pause.
 */
import { backOff, rest, send } from "../exchange/connections.ts";
import { noteServed } from "../heartbeat.ts";
import { epochBefore, isSameSnapshot } from "../log-summary.ts";
import type { FetchSnapshotResponse, ReplicaId, SnapshotId } from "../messages.ts";
import { SNAPSHOT_BYTES_MAX } from "../messages.ts";
import type { Follower, Installing, State } from "../state.ts";
import type { Turn } from "../turn.ts";
import { storeChunk, update } from "../turn.ts";

/**
 * The leader names a snapshot instead of records. Begins to fetch it, if that leads anywhere; false if not. While one
 * is verified, or a faulty one was there a moment ago, this Fetch was a heartbeat and no more: it is not to be
 * repeated without a pause.
 */
export function onSnapshotNamed(turn: Turn, from: ReplicaId, id: SnapshotId): boolean {
  const { role, now, config } = turn.state;
  if (role.kind !== "follower") return false;
  if (role.installing !== null || now < role.installAfter) {
    rest(turn, from, config.fetchMaxWaitMs);
    return true;
  }
  if (!isInstallable(turn.state, id)) return false;
  const installing: Installing = { id, position: 0, size: null, phase: "fetching" };
  update(turn, { role: { ...role, installing } });
  return true;
}

/**
 * SN-1: whether a snapshot may replace this log. Not where the log holds its last record: then it holds all that is in
 * the snapshot (log matching), and what follows may have been acknowledged. Where it does not, either the log ends
 * below the snapshot, or it has parted from the committed one before, and its rest is of a dead branch: dropping it is
 * what a divergence would do. What is known to be committed is never dropped (L-1), and a snapshot of an epoch beyond
 * ours cannot be (KAFKA-18723).
 */
export function isInstallable(
  { log, committed, election }: Pick<State, "log" | "committed" | "election">,
  id: SnapshotId,
): boolean {
  const { endOffset, epoch } = id;
  if (!Number.isSafeInteger(endOffset) || !Number.isSafeInteger(epoch)) return false;
  if (epoch < 1 || epoch > election.epoch || endOffset <= (committed ?? 0)) return false;
  return epochBefore(log, endOffset) !== epoch;
}

/** What is being fetched now; null while no snapshot is, or while all of it is there. */
export const fetchedNow = ({ role }: State): Installing | null =>
  role.kind === "follower" && role.installing?.phase === "fetching" ? role.installing : null;

/** Asks the leader for the next range. */
export function requestRange(turn: Turn, to: ReplicaId, { id, position }: Installing): void {
  const { config, election } = turn.state;
  send(turn, to, {
    api: "fetch-snapshot",
    clusterId: config.clusterId,
    replica: config.local.key,
    epoch: election.epoch,
    snapshotId: id,
    position,
    maxBytes: config.fetchMaxBytes,
  });
}

/**
 * Takes in a range. Any error means that this leader will not serve the rest: most often it has dropped the snapshot,
 * and the next Fetch says which one it has now. The fetch timer is fed by bytes alone (E-6).
 */
export function onFetchSnapshotResponse(
  turn: Turn,
  from: ReplicaId,
  body: FetchSnapshotResponse,
): void {
  const installing = fetchedNow(turn.state);
  if (installing === null) return;
  if (body.error !== "NONE") {
    abandonInstall(turn);
    return;
  }
  if (!isNextRange(installing, body)) {
    backOff(turn, from);
    const { size } = body;
    if (isSameSnapshot(body.snapshotId, installing.id) && size > SNAPSHOT_BYTES_MAX)
      turn.effects.push({ kind: "snapshot-too-large", id: installing.id, size });
    rejectInstall(turn);
    return;
  }
  const { id, position } = installing;
  storeChunk(turn, { id, position, bytes: body.bytes });
  const reached = position + body.bytes.byteLength;
  advance(turn, {
    id,
    position: reached,
    size: body.size,
    phase: reached === body.size ? "verifying" : "fetching",
  });
  noteServed(turn);
}

function advance(turn: Turn, installing: Installing): void {
  const { role } = turn.state;
  if (role.kind !== "follower") return;
  update(turn, { role: { ...role, installing } });
  const { id, position, phase } = installing;
  if (phase === "verifying") turn.effects.push({ kind: "verify-snapshot", id, size: position });
}

/** Whether an answer is about the range that was asked for, and brings at least a byte of it. */
function isNextRange({ id, position, size }: Installing, body: FetchSnapshotResponse): boolean {
  const { snapshotId, bytes } = body;
  if (!isSameSnapshot(snapshotId, id) || body.position !== position) return false;
  if (!Number.isSafeInteger(body.size) || body.size > SNAPSHOT_BYTES_MAX) return false;
  if (size !== null && body.size !== size) return false;
  return bytes.byteLength > 0 && position + bytes.byteLength <= body.size;
}

/** Gives up the snapshot on its way, if there is one: what is stored of it is garbage (N-8). */
export function abandonInstall(turn: Turn): void {
  const { role } = turn.state;
  if (role.kind !== "follower" || role.installing === null) return;
  const { id } = role.installing;
  update(turn, { role: { ...role, installing: null } });
  turn.effects.push({ kind: "snapshot-abandoned", id });
}

/**
 * The same of one that is not sound. The leader will name it again and would have it fetched again, so that waits: for
 * a fetch time-out, which is long against a round trip. Fetches go on meanwhile, for the leader is alive.
 */
export function rejectInstall(turn: Turn): void {
  abandonInstall(turn);
  const { role, now, config } = turn.state;
  if (role.kind !== "follower") return;
  const rejected: Follower = { ...role, installAfter: now + config.fetchTimeoutMs };
  update(turn, { role: rejected });
}
