/**
 * Requests under way: at most one to each peer, at most one Fetch in all, be it of records or of a
 * snapshot, and a pause after a failure that doubles up to sixteenfold. Answers are matched by correlation; a change
 * of role empties this table, so an answer to a question of an earlier role is dropped.
 *
 * One request to each peer is a bound on memory and on what can be reordered: an answer that comes late can only be
 * late against its own successor, and the correlation tells the two apart. The core counts requests; the connections
 * themselves, and aborting an attempt whose deadline has passed, are the shell's.
 */
import { assert } from "../../std/assert.ts";
import type {
  ApiName,
  CorrelationId,
  Milliseconds,
  OutgoingRequest,
  ReplicaId,
} from "../messages.ts";
import type { Connection, State } from "../state.ts";
import type { Turn } from "../turn.ts";
import { update } from "../turn.ts";

/** A peer that stays away costs a request every 16 × the back-off; it is heard within that of its return. */
const BACKOFF_DOUBLINGS_MAX = 4;

const UNUSED: Connection = { inFlight: null, readyAt: 0, failures: 0 };

const connectionTo = (state: State, to: ReplicaId): Connection =>
  state.connections.get(to) ?? UNUSED;

/** Whether a request may go to this peer now. */
export function isReady(state: State, to: ReplicaId): boolean {
  const connection = connectionTo(state, to);
  return connection.inFlight === null && connection.readyAt <= state.now;
}

/** Whether a request of this kind is the one Fetch of a replica: a FetchSnapshot takes its place. */
export const isFetch = (api: ApiName | undefined): boolean =>
  api === "fetch" || api === "fetch-snapshot";

/** Two fetches at once could bring the same records twice. */
export function isFetching(state: State): boolean {
  for (const connection of state.connections.values()) {
    if (isFetch(connection.inFlight?.api)) return true;
  }
  return false;
}

/** Sends one request to a peer that is ready. */
export function send(turn: Turn, to: ReplicaId, request: OutgoingRequest): void {
  const { state } = turn;
  assert(isReady(state, to), `replica ${to} is not ready for a ${request.api} request`);
  assert(!isFetch(request.api) || !isFetching(state), "two fetches are under way");
  const correlation = state.nextCorrelation;
  const deadline = state.now + state.config.requestTimeoutMs;
  const { failures } = connectionTo(state, to);
  install(turn, to, {
    inFlight: { correlation, api: request.api, deadline },
    readyAt: state.now,
    failures,
  });
  update(turn, { nextCorrelation: correlation + 1 });
  turn.effects.push({ kind: "send", to, correlation, request, deadline });
}

/** How often in a row the peer has not answered, or not usefully. */
export const failuresOf = (state: State, to: ReplicaId): number => connectionTo(state, to).failures;

/** Whether this is the answer that is being waited for. */
export function isAwaited(state: State, from: ReplicaId, correlation: CorrelationId): boolean {
  return connectionTo(state, from).inFlight?.correlation === correlation;
}

/** The peer answered. */
export function settle(turn: Turn, from: ReplicaId): void {
  install(turn, from, UNUSED);
}

/** The peer did not answer, or not usefully: leave it alone for a while. */
export function backOff(turn: Turn, from: ReplicaId): void {
  const { config, now } = turn.state;
  const { failures } = connectionTo(turn.state, from);
  const pause = config.retryBackoffMs * 2 ** Math.min(failures, BACKOFF_DOUBLINGS_MAX);
  install(turn, from, { inFlight: null, readyAt: now + pause, failures: failures + 1 });
}

/** The peer has answered, and is not to be asked again for a while: a pause that is nobody's fault. */
export function rest(turn: Turn, from: ReplicaId, ms: Milliseconds): void {
  install(turn, from, { ...UNUSED, readyAt: turn.state.now + ms });
}

/** Ends such a pause, if there is one. */
export function endRest(turn: Turn, from: ReplicaId): void {
  const { inFlight, failures } = connectionTo(turn.state, from);
  if (inFlight === null && failures === 0) settle(turn, from);
}

/**
 * Gives up on requests whose time is over, and names those that are the peers' fault. After a freeze of this very
 * replica none is: the peers are asked again at once.
 */
export function expireRequests(turn: Turn, wasFrozen: boolean): readonly Expired[] {
  const { connections, now } = turn.state;
  const expired: Expired[] = [];
  for (const [peer, { inFlight }] of connections) {
    if (inFlight === null || inFlight.deadline > now) continue;
    if (wasFrozen) {
      settle(turn, peer);
    } else {
      backOff(turn, peer);
      expired.push({ peer, api: inFlight.api });
    }
  }
  return expired;
}

/** A request that was not answered in time. */
interface Expired {
  readonly peer: ReplicaId;
  readonly api: ApiName;
}

function install(turn: Turn, peer: ReplicaId, connection: Connection): void {
  update(turn, { connections: new Map(turn.state.connections).set(peer, connection) });
}
