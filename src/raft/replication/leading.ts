/**
 * The leader's side of a Fetch: it checks that the logs agree, acknowledges, and serves (KIP-595). From the
 * acknowledgements follows the high watermark; from who fetches follows whether this leader still has a majority.
 *
 * The order of the checks is a rule of its own (F-1). An offset counts as an acknowledgement only after the
 * position was found valid: a follower whose log has parted from ours names an offset too, and it says nothing
 * about our records (F-4).
 *
 * Voters are served everything, observers only what is committed (F-13): what a broker has seen is never taken
 * back.
 */
import { assert } from "../../std/assert.ts";
import { ImmutableMap, byText } from "../../std/immutable-map.ts";
import { hearFrom } from "../heartbeat.ts";
import { leadsEpoch } from "../leadership.ts";
import { judgeContinuation } from "../log-summary.ts";
import { hasVoter, latestVoters } from "../membership/voter-history.ts";
import type {
  Epoch,
  ErrorName,
  FetchRequest,
  Incarnation,
  Milliseconds,
  ObserverPosition,
  Offset,
  RequestId,
} from "../messages.ts";
import { INCARNATION_COUNT } from "../messages.ts";
import type { Leader, ReplicaProgress, State } from "../state.ts";
import { wake } from "../sleep/waking.ts";
import { keyOf, leaderRole } from "../state.ts";
import type { Turn } from "../turn.ts";
import { appendEntry, reply, update } from "../turn.ts";
import { fetchError, fetchSuccess, served } from "./fetch-reply.ts";
import { advanceHighWatermark } from "./high-watermark.ts";
import { noProgress } from "./progress.ts";
import { park } from "./waiting-fetches.ts";

/** After this long without a fetch an observer is forgotten, as in Kafka. */
export const OBSERVER_SESSION_MS = 300_000;
/** More observers than any cluster has brokers; those beyond are served, but not described. */
export const OBSERVERS_MAX = 10_000;

/**
 * Serves a Fetch of this leader's own epoch: judge the sender, judge the position, count the acknowledgement,
 * then send what there is or wait. A diverging position and one below the log are answers without an error: the
 * follower is healthy, and the answer tells it what to do next.
 */
export function serveFetch(turn: Turn, request: RequestId, body: FetchRequest): void {
  const { log, voters } = turn.state;
  const isByVoter = hasVoter(latestVoters(voters), body.replica);
  const counted = isByVoter ? judgeAcknowledgement(turn, body) : "counts";
  if (counted === "distrusted") {
    reply(turn, request, fetchError(turn.state, "INVALID_VOTER_KEY"));
    return;
  }
  const end = { offset: body.fetchOffset, epoch: body.lastFetchedEpoch };
  const continuation = judgeContinuation(log, end);
  if (continuation.kind === "diverging") {
    const { epoch, endOffset } = continuation;
    reply(turn, request, { ...served(turn.state, null), diverging: { epoch, endOffset } });
    return;
  }
  if (continuation.kind === "snapshot") {
    // A voter that needs a snapshot, or verifies one and goes on fetching meanwhile, is alive and reaches this leader:
    // that is all that check quorum asks. It holds nothing of our log past its own end, so it acknowledges nothing.
    if (counted === "counts") hearFrom(turn, body.replica);
    reply(turn, request, { ...served(turn.state, null), snapshotId: continuation.id });
    return;
  }
  if (counted === "counts") {
    if (isByVoter) acknowledge(turn, body);
    else observe(turn, body);
  }
  serveRecords(turn, request, body);
}

function serveRecords(turn: Turn, request: RequestId, body: FetchRequest): void {
  const response = fetchSuccess(turn.state, body);
  const isBehind = (body.highWatermark ?? -1) < (response.highWatermark ?? -1);
  // KAFKA-14145: a follower that has every record, and has not heard that the last ones are committed, is told now.
  // SL-3: a voter does not wait for a leader that sleeps, but sleeps as well.
  const isToSleep = response.asleepAt !== undefined;
  if (response.records !== null || isBehind || isToSleep || body.maxWaitMs === 0) {
    reply(turn, request, response);
  } else if (!park(turn, request, body)) {
    reply(turn, request, fetchError(turn.state, "BROKER_NOT_AVAILABLE"));
  }
}

/**
 * What a voter's fetch offset is worth. Within an epoch it never falls, for nothing that was acknowledged is
 * truncated under the same leader. A smaller one is either a message that was long under way, and counts for
 * nothing; or it comes from a later incarnation, whose storage then went back in time (T-2). So it did where one
 * counter was drawn by two incarnations, whatever they acknowledge.
 */
function judgeAcknowledgement(turn: Turn, body: FetchRequest): "counts" | "late" | "distrusted" {
  const progress = leaderRole(turn.state).voters.get(body.replica.id);
  if (progress === undefined) return "counts";
  if (progress.rolledBack) return "distrusted";
  const { endOffset } = progress;
  // A replica that does not show its incarnation gets the benefit of the doubt, as in Kafka (F-8).
  if (endOffset === null || body.incarnation === null || progress.incarnation === null)
    return "counts";
  const hasFallen = body.fetchOffset < endOffset;
  if (body.incarnation === progress.incarnation) return hasFallen ? "late" : "counts";
  const [shown, known] = [counterOf(body.incarnation), counterOf(progress.incarnation)];
  if (shown < known) return "late";
  if (shown > known && !hasFallen) return "counts";
  setVoter(turn, { ...progress, rolledBack: true });
  turn.effects.push({
    kind: "replica-distrusted",
    key: progress.key,
    acknowledged: endOffset,
    fetchOffset: body.fetchOffset,
  });
  return "distrusted";
}

const counterOf = (incarnation: Incarnation): number => Math.floor(incarnation / INCARNATION_COUNT);

function setVoter(turn: Turn, progress: ReplicaProgress): void {
  const role = leaderRole(turn.state);
  const voters = new Map(role.voters).set(progress.key.id, progress);
  update(turn, { role: { ...role, voters } });
}

/**
 * A voter's fetch acknowledges everything below its offset (F-4): the position was found valid, so its log and
 * ours are equal up to there, and what it fetches past it has stored (D-4).
 */
function acknowledge(turn: Turn, body: FetchRequest): void {
  const { log, now } = turn.state;
  assert(body.fetchOffset <= log.endOffset, `${body.fetchOffset} is beyond ${log.endOffset}`);
  const before = leaderRole(turn.state).voters.get(body.replica.id);
  assert(before !== undefined, `voter ${body.replica.id} has no entry`);
  setVoter(turn, advance(before, body, { now, end: log.endOffset }));
  hearFrom(turn, body.replica);
  advanceHighWatermark(turn);
}

/**
 * An observer's fetch acknowledges nothing: it is noted for DescribeQuorum, which an operator reads for lag.
 */
function observe(turn: Turn, body: FetchRequest): void {
  const { now } = turn.state;
  const role = leaderRole(turn.state);
  if (body.replica.id < 0) return;
  const key = keyOf(body.replica);
  const known = role.observers.get(key);
  const room = known === undefined ? makeRoom(role, now) : role.observers;
  if (room.size >= OBSERVERS_MAX && known === undefined) return;
  // M-3: while it is unknown what is committed, nobody is level with that.
  const end = role.highWatermark ?? Number.POSITIVE_INFINITY;
  const progress = advance(known ?? noProgress(body.replica), body, { now, end });
  update(turn, { role: { ...role, observers: room.set(key, progress) } });
}

/**
 * Observers that read on from a copy of what is committed are described by whoever keeps the copy (F-15). Only the
 * first Fetch of each comes here, and it alone makes an observer known: who was never served has no place to be moved
 * to.
 */
export function onObserversMoved(
  turn: Turn,
  { epoch, positions }: { readonly epoch: Epoch; readonly positions: readonly ObserverPosition[] },
): void {
  if (!leadsEpoch(turn.state, epoch)) return;
  const { now, voters } = turn.state;
  const role = leaderRole(turn.state);
  const end = role.highWatermark ?? 0;
  let { observers } = role;
  for (const { key, endOffset } of positions) {
    const known = observers.get(keyOf(key));
    if (known === undefined || hasVoter(latestVoters(voters), key)) continue;
    if (!Number.isSafeInteger(endOffset) || endOffset < 0 || endOffset > end) continue;
    const fetched = { fetchOffset: endOffset, incarnation: known.incarnation };
    observers = observers.set(keyOf(key), advance(known, fetched, { now, end }));
  }
  update(turn, { role: { ...role, observers } });
}

/** Forgets the observers whose session is over, but only when their place is needed. */
const makeRoom = (role: Leader, now: Milliseconds): Leader["observers"] =>
  role.observers.size < OBSERVERS_MAX
    ? role.observers
    : ImmutableMap.from(
        byText,
        liveObservers(role, now).map((live) => [keyOf(live.key), live]),
      );

/** The observers that have fetched within their session. */
export const liveObservers = (role: Leader, now: Milliseconds): readonly ReplicaProgress[] =>
  [...role.observers.values()].filter(({ lastFetchAt }) => {
    return lastFetchAt !== null && now - lastFetchAt < OBSERVER_SESSION_MS;
  });

/**
 * A replica is caught up when it asks for what is not there yet; and was so at its last fetch, if it now asks
 * for what was not there then (KAFKA-13959).
 */
function advance(
  before: ReplicaProgress,
  body: Pick<FetchRequest, "fetchOffset" | "incarnation">,
  readable: { readonly now: Milliseconds; readonly end: Offset },
): ReplicaProgress {
  const { now, end } = readable;
  const { lastFetchAt, lastFetchEnd, lastCaughtUpAt } = before;
  const wasCaughtUp = lastFetchAt !== null && body.fetchOffset >= lastFetchEnd;
  const since = wasCaughtUp ? Math.max(lastFetchAt, lastCaughtUpAt ?? lastFetchAt) : lastCaughtUpAt;
  return {
    ...before,
    endOffset: body.fetchOffset,
    lastFetchAt: now,
    lastCaughtUpAt: body.fetchOffset >= end ? now : since,
    lastFetchEnd: end,
    incarnation: latestIncarnation(before.incarnation, body.incarnation),
  };
}

/** A replica that stops showing its incarnation cannot be held to the one it showed. */
function latestIncarnation(
  known: Incarnation | null,
  shown: Incarnation | null,
): Incarnation | null {
  if (shown === null || known === null) return shown;
  return Math.max(known, shown);
}

/**
 * Appends one batch for the application, or says why not. The application has computed the records
 * for one offset and one epoch; it may be wrong about both, since leadership can have changed and a control
 * batch can have come between. There is no queue here: the application has one batch under way and waits for
 * its commit.
 */
export function onAppend(
  turn: Turn,
  batch: {
    readonly epoch: number;
    readonly baseOffset: Offset;
    readonly count: number;
    readonly payload: Uint8Array;
  },
): void {
  const { epoch, baseOffset, count, payload } = batch;
  const error = judgeAppend(turn.state, batch);
  if (error !== "NONE") {
    turn.effects.push({ kind: "append-refused", error, epoch, baseOffset });
    return;
  }
  const lastOffset = baseOffset + count - 1;
  wake(turn);
  update(turn, { role: { ...leaderRole(turn.state), activeAt: turn.state.now } });
  appendEntry(turn, { baseOffset, lastOffset, epoch, control: [], payload });
  advanceHighWatermark(turn);
}

function judgeAppend(
  state: State,
  batch: { readonly epoch: number; readonly baseOffset: Offset; readonly count: number },
): ErrorName {
  const { role, election, log } = state;
  if (role.kind !== "leader" || batch.epoch !== election.epoch) return "NOT_LEADER_OR_FOLLOWER";
  // Offsets were promised to the application when it built the batch: they are kept or nothing is.
  const fits = batch.baseOffset === log.endOffset && Number.isSafeInteger(batch.count);
  return fits && batch.count >= 1 ? "NONE" : "INVALID_REQUEST";
}
