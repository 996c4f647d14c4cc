/**
 * The fetching side: which replica to fetch from, and what to make of the answer. A follower's next Fetch is its
 * acknowledgement, so no Fetch may leave before what the last one brought is stored; the shell's law sees to that
 * (D-4).
 *
 * One Fetch is under way at a time, in all and not per peer. Two answers that both begin at the end of
 * the log would both fit when they were asked for, and the second would not when it comes.
 *
 * Unattached voters and observers fetch too, from any server they know: the answer names the leader. That finds a
 * leader without an election, and is why a voter that was cut off seldom needs one when it returns (KAFKA-17030).
 */
import { assert } from "../../std/assert.ts";
import { nextInt } from "../../std/random.ts";
import { backOff, failuresOf, isFetching, isReady, send } from "../exchange/connections.ts";
import { noteServed } from "../heartbeat.ts";
import type { EpochEnd } from "../log-summary.ts";
import { divergenceEnd, logEnd } from "../log-summary.ts";
import { latestVoters } from "../membership/voter-history.ts";
import type { Entry, FetchResponse, Milliseconds, ReplicaId } from "../messages.ts";
import { fetchedNow, onSnapshotNamed, requestRange } from "../snapshots/fetching.ts";
import { onLeaderAsleep } from "../sleep/falling-asleep.ts";
import type { State } from "../state.ts";
import type { Turn } from "../turn.ts";
import { appendEntry, commitUpTo, isWellFormed, truncateTo, update } from "../turn.ts";

/**
 * Keeps one Fetch under way: to the leader, or to any other server while the leader cannot be reached. While a
 * snapshot is fetched, it is that of the next range.
 */
export function keepFetching(turn: Turn): void {
  const { state } = turn;
  const { role, config, election, log, committed, incarnation } = state;
  if (isFetching(state)) return;
  const leaderId = role.kind === "follower" ? role.leaderId : null;
  if (leaderId !== null && isWorthWaitingFor(state, leaderId)) return;
  const to =
    leaderId !== null && isReady(state, leaderId) ? leaderId : drawOtherServer(turn, leaderId);
  if (to === null) return;
  const wanted = fetchedNow(state);
  if (wanted !== null && to === leaderId) {
    requestRange(turn, to, wanted);
    return;
  }
  const end = logEnd(log);
  send(turn, to, {
    api: "fetch",
    clusterId: config.clusterId,
    replica: config.local.key,
    epoch: election.epoch,
    fetchOffset: end.offset,
    lastFetchedEpoch: end.epoch,
    highWatermark: committed,
    maxWaitMs: config.fetchMaxWaitMs,
    maxBytes: config.fetchMaxBytes,
    incarnation,
    ...(config.maySleep === true ? { maySleep: true } : {}),
  });
}

/**
 * Whether the leader is about to be asked again: it has failed once, or has named a snapshot that is on its way.
 * Another server would name the same leader, and while it is being asked no Fetch can go to the leader itself.
 */
const isWorthWaitingFor = (state: State, leaderId: ReplicaId): boolean =>
  !isReady(state, leaderId) && failuresOf(state, leaderId) <= 1;

/** Any server that is ready, at random; null when all are being left alone for the moment. */
function drawOtherServer(turn: Turn, leaderId: ReplicaId | null): ReplicaId | null {
  const { state } = turn;
  const { config, voters } = state;
  const known = [...config.bootstrapServers, ...latestVoters(voters).map(({ key }) => key.id)];
  const ready = [...new Set(known)]
    .filter((id) => id !== config.local.key.id && id !== leaderId && isReady(state, id))
    .toSorted((left, right) => left - right);
  if (ready.length === 0) return null;
  const { value, random } = nextInt(state.random, ready.length);
  update(turn, { random });
  return ready[value] ?? null;
}

/** Takes in what the leader served. An answer of any other replica carries nothing but the leader's name. */
export function onFetchResponse(turn: Turn, from: ReplicaId, body: FetchResponse): void {
  const { role } = turn.state;
  // T-2: this storage went back in time. It must neither vote nor acknowledge; an operator replaces it.
  assert(
    body.error !== "INVALID_VOTER_KEY",
    `leader ${from} knows of records that this storage has acknowledged and lost`,
  );
  if (body.error !== "NONE") return;
  if (role.kind !== "follower" || role.leaderId !== from) {
    backOff(turn, from);
    return;
  }
  if (!takeServed(turn, from, body)) return backOff(turn, from);
  noteServed(turn);
  onLeaderAsleep(turn, from, body);
}

/** False when the leader served something that is of no use. */
function takeServed(turn: Turn, from: ReplicaId, body: FetchResponse): boolean {
  if (body.snapshotId !== null) return onSnapshotNamed(turn, from, body.snapshotId);
  return body.diverging === null ? takeRecords(turn, body) : takeDivergence(turn, body.diverging);
}

/** Removes what the leader's log does not share; several rounds may be needed, one per epoch (F-10). */
function takeDivergence(turn: Turn, diverging: EpochEnd): boolean {
  const { log } = turn.state;
  if (diverging.epoch < 0 || diverging.endOffset < 0) return false;
  const end = divergenceEnd(log, diverging);
  // A divergence that removes nothing would be asked for again at once.
  if (end >= log.endOffset) return false;
  truncateTo(turn, end);
  return true;
}

/**
 * Appends batch by batch, up to the first that does not fit (F-12), and follows the leader's high watermark
 * as far as the own log reaches. False when there was something, but nothing that fitted.
 */
function takeRecords(turn: Turn, body: FetchResponse): boolean {
  let appended = 0;
  for (const entry of body.records) {
    if (!isNext(turn.state, entry)) break;
    appendEntry(turn, entry);
    appended += 1;
  }
  if (body.records.length > 0 && appended === 0) return false;
  const { committed, log, role } = turn.state;
  const reached = Math.min(log.endOffset, body.highWatermark ?? -1);
  if (reached > (committed ?? -1)) commitUpTo(turn, reached);
  if (role.kind === "follower") {
    const levelFetches = reached === body.highWatermark ? role.levelFetches + 1 : 0;
    update(turn, { role: { ...role, levelFetches } });
  }
  return true;
}

/** How many Fetches in a row have left nothing to be had. */
export const levelFetches = ({ role }: State): number =>
  role.kind === "follower" ? role.levelFetches : 0;

/** OB-3: a Fetch that was to be answered until `deadline` has left nothing to be had. */
export function noteLevel(turn: Turn, deadline: Milliseconds): void {
  const { config } = turn.state;
  if (config.observesOnly === true) update(turn, { levelAt: deadline - config.requestTimeoutMs });
}

/** Whether a batch continues this log. One of a later epoch than ours must wait (KAFKA-18723). */
function isNext({ log, election }: State, entry: Entry): boolean {
  const end = logEnd(log);
  return (
    entry.baseOffset === end.offset &&
    entry.epoch >= Math.max(1, end.epoch) &&
    entry.epoch <= election.epoch &&
    isWellFormed(entry)
  );
}
