/**
 * A replica at rest, with neither clock nor chance in it. Deadlines are liveness alone: each may come late, early or
 * never without harm to what is committed (`src/raft/deadlines.ts`). So the exploration does not count time, it lets
 * any timer run out at any moment, in any order, on each replica by itself. That is more than clocks could ever do, and
 * two states that differ only in when something is due are one.
 *
 * Between two steps every deadline is put off; a timer runs out by being due one moment after now. What only serves to
 * reckon a deadline (who was heard of late, how many fetches have failed) is forgotten. The numbers by which answers
 * find their requests begin anew with each step.
 */
import type { RequestFailure, Role, Sleep, State } from "../../src/raft/index.ts";

/** What can run out on a replica. */
export type Timer =
  /** Its role is at an end: it stands for election, gives up, resigns. */
  | "role"
  /** The pauses after failures are over: it asks everybody again. */
  | "pause"
  /** It leads, and it is time to tell those that do not fetch. */
  | "announce"
  /** The fetches that wait at it have waited for long enough. */
  | "parked"
  /** It leads, and whoever has asked for a change of the voters has waited for long enough. */
  | "change"
  /** It leads, and the reads that wait at it have waited for long enough. */
  | "read";

export const TIMERS: readonly Timer[] = ["role", "pause", "announce", "parked", "change", "read"];

/** A request that was lost, or whose receiver is gone. */
export const FAILURE: RequestFailure = "reset";

/** Later than anything that a step adds to its now. */
const PUT_OFF = 1_000_000;
/** When what is to run out does. All else begins at 0. */
export const MOMENT = 1;
/** The number of a request that is under way, and one that no request under way has. */
export const AWAITED = 1;
export const FORGOTTEN = 0;
const NEXT_CORRELATION = 2;
/** As many failures in a row of the leader as make a difference other than to a pause; of others none do. */
const FAILURES_MAX = 2;

export function atRest(state: State): State {
  const connections = new Map<number, Connection>();
  const leaderId = state.role.kind === "follower" ? state.role.leaderId : null;
  for (const [peer, { inFlight, readyAt, failures: failed }] of state.connections) {
    const failures = peer === leaderId ? Math.min(failed, FAILURES_MAX) : 0;
    if (inFlight === null && readyAt <= state.now && failures === 0) continue;
    connections.set(peer, {
      inFlight: inFlight === null ? null : { ...inFlight, correlation: AWAITED, deadline: PUT_OFF },
      readyAt: inFlight === null && readyAt > state.now ? PUT_OFF : 0,
      failures,
    });
  }
  let { held } = state;
  for (const [request, fetch] of held) held = held.set(request, { ...fetch, deadline: PUT_OFF });
  return {
    ...state,
    now: 0,
    clock: 0,
    random: { word: 0 },
    nextCorrelation: NEXT_CORRELATION,
    asleep: sleepAtRest(state.asleep),
    role: roleAtRest(state),
    connections,
    held,
  };
}

/** Since when it sleeps is time. */
export const sleepAtRest = (asleep: Sleep | null): Sleep | null =>
  asleep === null ? null : { ...asleep, sinceMs: 0 };

type Connection = State["connections"] extends ReadonlyMap<number, infer One> ? One : never;
type Leader = Extract<Role, { kind: "leader" }>;

function roleAtRest({ role, connections }: State): Role {
  switch (role.kind) {
    case "unattached":
    case "prospective":
    case "candidate":
    case "resigned":
      return { ...role, electionDeadline: PUT_OFF };
    case "follower":
      return {
        ...role,
        fetchDeadline: PUT_OFF,
        fetchFailures: 0,
        suspectAfter: 0,
        installAfter: 0,
        levelFetches: 0,
        ownEntryAfter: 0,
      };
    case "leader":
      return leaderAtRest(role, connections);
  }
}

/** That an observer has caught up is asked of it before it becomes a voter (M-3); how long ago is time. */
const sometime = (at: number | null): number | null => (at === null ? null : 0);

function leaderAtRest(role: Leader, connections: State["connections"]): Leader {
  let { parkedVoters, parkedObservers } = role;
  for (const [request, fetch] of parkedVoters) {
    parkedVoters = parkedVoters.set(request, { ...fetch, deadline: PUT_OFF });
  }
  for (const [request, fetch] of parkedObservers) {
    parkedObservers = parkedObservers.set(request, { ...fetch, deadline: PUT_OFF });
  }
  const isNoneParked = parkedVoters.size + parkedObservers.size === 0;
  const untimed = { lastFetchAt: null, lastCaughtUpAt: null, lastFetchEnd: 0 };
  let { observers } = role;
  for (const [key, progress] of observers) {
    const lastFetchAt = sometime(progress.lastFetchAt);
    const lastCaughtUpAt = sometime(progress.lastCaughtUpAt);
    observers = observers.set(key, { ...progress, lastFetchAt, lastCaughtUpAt });
  }
  return {
    ...role,
    voters: new Map([...role.voters].map(([id, progress]) => [id, { ...progress, ...untimed }])),
    observers,
    parkedVoters,
    parkedObservers,
    parkedDeadline: isNoneParked ? Number.POSITIVE_INFINITY : PUT_OFF,
    checkQuorumDeadline: PUT_OFF,
    heard: new Set(),
    beginDeadline: PUT_OFF,
    reads: readsAtRest(role.reads, connections),
    change: role.change === null ? null : { ...role.change, deadline: PUT_OFF },
    activeAt: 0,
  };
}

type Reads = Leader["reads"];

function readsAtRest({ waiting, round }: Reads, connections: State["connections"]): Reads {
  const later = (reads: Reads["waiting"]): Reads["waiting"] =>
    reads.map((read) => ({ ...read, deadline: PUT_OFF }));
  if (round === null) return { waiting: later(waiting), round, confirmedAt: null };
  const asked = new Map(round.asked);
  for (const [peer, { correlation, key }] of asked) {
    const isUnderWay = connections.get(peer)?.inFlight?.correlation === correlation;
    asked.set(peer, { key, correlation: isUnderWay ? AWAITED : FORGOTTEN });
  }
  const reads = later(round.reads);
  return {
    waiting: later(waiting),
    round: { ...round, asked, reads, openedAt: 0, isDated: false },
    confirmedAt: null,
  };
}

/** The same replica with `timer` about to run out; null where it has none that runs. */
export function aboutToRunOut(state: State, timer: Timer): State | null {
  switch (timer) {
    case "role":
      return { ...state, role: withDueRole(state.role) };
    case "pause":
      return withDuePauses(state);
    case "announce":
      return state.role.kind === "leader"
        ? { ...state, role: { ...state.role, beginDeadline: MOMENT } }
        : null;
    case "parked":
      return withDueFetches(state);
    case "change":
      return withDueChange(state);
    case "read":
      return withDueReads(state);
  }
}

/** The same replica about to give up waiting for an answer of `peer`; null where it does not wait for one. */
export function aboutToGiveUp(state: State, peer: number): State | null {
  const connection = state.connections.get(peer);
  if (connection === undefined || connection.inFlight === null) return null;
  const inFlight = { ...connection.inFlight, deadline: MOMENT };
  return {
    ...state,
    connections: new Map(state.connections).set(peer, { ...connection, inFlight }),
  };
}

function withDueRole(role: Role): Role {
  switch (role.kind) {
    case "unattached":
    case "prospective":
    case "candidate":
    case "resigned":
      return { ...role, electionDeadline: MOMENT };
    case "follower":
      return { ...role, fetchDeadline: MOMENT };
    case "leader":
      return { ...role, checkQuorumDeadline: MOMENT };
  }
}

function withDuePauses(state: State): State | null {
  const paused = [...state.connections].filter(([, { readyAt }]) => readyAt > 0);
  if (paused.length === 0) return null;
  const connections = new Map(state.connections);
  for (const [peer, connection] of paused) {
    connections.set(peer, { ...connection, readyAt: MOMENT });
  }
  return { ...state, connections };
}

function withDueFetches(state: State): State | null {
  const { role, held } = state;
  let due = held;
  for (const [request, fetch] of held) due = due.set(request, { ...fetch, deadline: MOMENT });
  if (role.kind !== "leader") return held.size === 0 ? null : { ...state, held: due };
  let { parkedVoters, parkedObservers } = role;
  if (parkedVoters.size + parkedObservers.size + held.size === 0) return null;
  for (const [request, fetch] of parkedVoters) {
    parkedVoters = parkedVoters.set(request, { ...fetch, deadline: MOMENT });
  }
  for (const [request, fetch] of parkedObservers) {
    parkedObservers = parkedObservers.set(request, { ...fetch, deadline: MOMENT });
  }
  const parked = { parkedVoters, parkedObservers, parkedDeadline: MOMENT };
  return { ...state, held: due, role: { ...role, ...parked } };
}

function withDueChange(state: State): State | null {
  const { role } = state;
  if (role.kind !== "leader" || role.change === null || role.change.request === null) return null;
  return { ...state, role: { ...role, change: { ...role.change, deadline: MOMENT } } };
}

const due = (reads: Reads["waiting"]): Reads["waiting"] =>
  reads.map((read) => ({ ...read, deadline: MOMENT }));

function withDueReads(state: State): State | null {
  const { role } = state;
  if (role.kind !== "leader") return null;
  const { waiting, round } = role.reads;
  if (waiting.length === 0 && round === null) return null;
  const dueRound = round === null ? null : { ...round, reads: due(round.reads) };
  return {
    ...state,
    role: { ...role, reads: { ...role.reads, waiting: due(waiting), round: dueRound } },
  };
}
