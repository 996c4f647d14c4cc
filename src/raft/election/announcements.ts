/**
 * BeginQuorumEpoch and EndQuorumEpoch: how a leader makes itself known, and how it takes its leave.
 *
 * Voters pull, so without the first they would not know from which replica. It is repeated to a voter for as
 * long as that voter does not fetch, since one that missed it would stand for election at its time-out (E-12,
 * KAFKA-16536). It names the leader and proves nothing more: only a served Fetch restarts a follower's fetch
 * timer (E-6).
 *
 * The second only hastens what a time-out would bring about. It says which voters have the longest logs, and
 * these wait the shortest (E-7); a lost EndQuorumEpoch costs time and nothing else.
 */
import { beginQuorumEpochMs } from "../config.ts";
import { EPOCH_MAX, isForAnotherCluster, isForAnotherReplica } from "../exchange/addressing.ts";
import { isReady, send } from "../exchange/connections.ts";
import { announcement, answer } from "../leadership.ts";
import { latestVoters, sameKey } from "../membership/voter-history.ts";
import type {
  BeginQuorumEpochRequest,
  EndQuorumEpochRequest,
  EndQuorumEpochResponse,
  ErrorName,
  Milliseconds,
  ReplicaId,
  RequestId,
} from "../messages.ts";
import type { Resigned, State } from "../state.ts";
import { mayStand, leaderRole } from "../state.ts";
import type { Turn } from "../turn.ts";
import { reply, update } from "../turn.ts";
import { learn } from "./hearsay.ts";

/**
 * A leader presents itself. Its fetch timer is not restarted by this: a leader that cannot serve fetches
 * must be deposed, however well it can be heard.
 */
export function onBeginQuorumEpoch(
  turn: Turn,
  request: RequestId,
  body: BeginQuorumEpochRequest,
): void {
  const error = judgeAnnouncement(turn, body);
  const misdirected = error === "NONE" && isForAnotherReplica(body, turn.state.config);
  const verdict = misdirected ? "INVALID_VOTER_KEY" : error;
  reply(turn, request, { api: "begin-quorum-epoch", ...answer(turn.state, verdict) });
}

/** A leader takes its leave. Its followers stand for election, the fittest first. */
export function onEndQuorumEpoch(
  turn: Turn,
  request: RequestId,
  body: EndQuorumEpochRequest,
): void {
  const error = judgeAnnouncement(turn, body);
  const { role, now } = turn.state;
  if (error === "NONE" && role.kind === "follower" && mayStand(turn.state)) {
    const fetchDeadline = Math.min(role.fetchDeadline, now + successionDelay(turn.state, body));
    // A leader that has taken its leave is not shielded from its successor's pre-vote any more.
    update(turn, { role: { ...role, hasLeft: true, isServed: false, fetchDeadline } });
  }
  reply(turn, request, { api: "end-quorum-epoch", ...answer(turn.state, error) });
}

function judgeAnnouncement(
  turn: Turn,
  body: BeginQuorumEpochRequest | EndQuorumEpochRequest,
): ErrorName {
  const { config, election } = turn.state;
  if (isForAnotherCluster(body, config)) return "INCONSISTENT_CLUSTER_ID";
  const named = body.leaderId >= 0 && body.leaderId !== config.local.key.id;
  if (!named || body.epoch < 1 || body.epoch >= EPOCH_MAX) return "INVALID_REQUEST";
  if (body.epoch < election.epoch) return "FENCED_LEADER_EPOCH";
  learn(turn, { epoch: body.epoch, leaderId: body.leaderId, leaderEndpoints: body.endpoints });
  return "NONE";
}

/** The first successor stands at once; each further one waits twice as long as the one before it. */
function successionDelay({ config }: State, body: EndQuorumEpochRequest): Milliseconds {
  const max = config.electionBackoffMaxMs;
  const { preferredCandidates } = body;
  const position = preferredCandidates.findIndex((key) => sameKey(key, config.local.key));
  if (position === 0) return 0;
  if (position === -1) return max;
  const shortest = Math.floor(max / 2 ** (preferredCandidates.length - 1));
  return Math.min(max, shortest * 2 ** (position - 1));
}

/**
 * Presents the leader to voters that have not fetched of late, for as long as they do not (KAFKA-16536). The
 * timer runs on whether or not anything could be sent (KAFKA-17751).
 */
export function announceLeader(turn: Turn): void {
  const { now, config, voters } = turn.state;
  const leader = leaderRole(turn.state);
  if (now < leader.beginDeadline) return;
  const interval = beginQuorumEpochMs(config);
  for (const { key } of latestVoters(voters)) {
    if (sameKey(key, config.local.key) || !isReady(turn.state, key.id)) continue;
    const lastFetchAt = leader.voters.get(key.id)?.lastFetchAt ?? null;
    if (lastFetchAt !== null && now - lastFetchAt < interval) continue;
    send(turn, key.id, announcement(turn.state, key));
  }
  update(turn, { role: { ...leader, beginDeadline: now + interval } });
}

/** Takes leave of every voter that has not acknowledged it yet. */
export function announceResignation(turn: Turn, resigned: Resigned): void {
  const { config, election, voters } = turn.state;
  for (const { key } of latestVoters(voters)) {
    if (!resigned.unacknowledged.has(key.id) || !isReady(turn.state, key.id)) continue;
    send(turn, key.id, {
      api: "end-quorum-epoch",
      clusterId: config.clusterId,
      leaderId: config.local.key.id,
      epoch: election.epoch,
      preferredCandidates: resigned.preferredSuccessors,
      endpoints: config.local.endpoints,
    });
  }
}

/** This voter need not be told again. */
export function onEndQuorumEpochResponse(
  turn: Turn,
  from: ReplicaId,
  body: EndQuorumEpochResponse,
): void {
  const { role } = turn.state;
  if (role.kind !== "resigned" || body.error !== "NONE") return;
  const unacknowledged = new Set(role.unacknowledged);
  unacknowledged.delete(from);
  update(turn, { role: { ...role, unacknowledged } });
}
