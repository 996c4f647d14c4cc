/**
 * Votes: granting them, asking for them, counting them (KIP-595, KIP-996; V-1 to V-6).
 *
 * A vote is a durable fact about an epoch: this replica has helped at most one candidate in it. A pre-vote is
 * an opinion about the present: it is not stored, it binds no replica, and may be given to several at once.
 * Kafka added pre-votes because a voter behind a broken link raised its epoch with every attempt, and deposed a
 * healthy leader when it came back (KIP-996); check quorum alone does not help against that, since the
 * returning voter's epoch is real.
 *
 * A follower that its leader serves refuses pre-votes, but gives a vote of a *larger* epoch like any other
 * replica: that epoch exists, and refusing would only delay its election.
 */
import { assert } from "../../std/assert.ts";
import { EPOCH_MAX, isForAnotherCluster, isForAnotherReplica } from "../exchange/addressing.ts";
import { isReady, send } from "../exchange/connections.ts";
import { answer } from "../leadership.ts";
import { isUpToDate, logEnd } from "../log-summary.ts";
import { latestVoters } from "../membership/voter-history.ts";
import type {
  Endpoint,
  ErrorName,
  ReplicaId,
  RequestId,
  VoteRequest,
  VoteResponse,
} from "../messages.ts";
import { NO_DIRECTORY } from "../messages.ts";
import type { Nominee, Prospective, State } from "../state.ts";
import type { Turn } from "../turn.ts";
import { reply, update } from "../turn.ts";
import { hasWon, isRejected } from "./nominee.ts";
import {
  becomeCandidate,
  becomeFollower,
  becomeLeader,
  becomeUnattached,
  grantVote,
} from "./transitions.ts";

/** Answers a Vote. Anyone may be asked and anyone may ask: voter sets can lag on either side (H-1, V-6). */
export function onVoteRequest(turn: Turn, request: RequestId, body: VoteRequest): void {
  const error = judgeVoteRequest(turn, body);
  const granted =
    error === "NONE" && (body.preVote ? wouldVote(turn.state, body) : vote(turn, body));
  reply(turn, request, { api: "vote", ...answer(turn.state, error), granted });
}

function judgeVoteRequest(turn: Turn, body: VoteRequest): ErrorName {
  const { config, election } = turn.state;
  if (isForAnotherCluster(body, config)) return "INCONSISTENT_CLUSTER_ID";
  if (!isPlausible(body) || body.candidate.id === config.local.key.id) return "INVALID_REQUEST";
  if (body.epoch < election.epoch) return "FENCED_LEADER_EPOCH";
  // Even a pre-vote's epoch is real: an election or a leader has reached it (V-3).
  if (body.epoch > election.epoch) becomeUnattached(turn, body.epoch);
  return isForAnotherReplica(body, config) ? "INVALID_VOTER_KEY" : "NONE";
}

/** A candidate has raised its epoch above that of its log; a prospective voter has not raised any. */
function isPlausible({ candidate, epoch, logEnd: end, preVote }: VoteRequest): boolean {
  if (candidate.id < 0 || end.offset < 0 || end.epoch < 0 || epoch >= EPOCH_MAX) return false;
  return preVote ? end.epoch <= epoch : end.epoch < epoch;
}

/** A pre-vote promises nothing and changes nothing (V-5). */
function wouldVote({ role, log }: State, body: VoteRequest): boolean {
  if (role.kind === "leader") return false;
  // KIP-996, KAFKA-17641: a leader that serves us is shielded from voters which it cannot reach. One that does not
  // is no better known here than there.
  if (role.kind === "follower" && role.isServed) return false;
  return isUpToDate(body.logEnd, logEnd(log));
}

/**
 * One vote an epoch; the same one may be given again, for its first answer may have been lost (V-4). A voter
 * that knows a leader of this epoch gives none: the election is over. It is stored before the answer leaves
 * (D-1), so a restart cannot make a voter forget it and elect a second leader.
 */
function vote(turn: Turn, body: VoteRequest): boolean {
  const { role, election, log } = turn.state;
  if (role.kind !== "unattached" && role.kind !== "prospective") return false;
  const voted = election.votedKey;
  if (voted !== null) {
    const sameDirectory = voted.directoryId === body.candidate.directoryId;
    return voted.id === body.candidate.id && (sameDirectory || voted.directoryId === NO_DIRECTORY);
  }
  if (election.leaderId !== null || !isUpToDate(body.logEnd, logEnd(log))) return false;
  grantVote(turn, body.candidate);
  return true;
}

/** Asks every voter that has not answered this round, unless the round is lost already. */
export function solicitVotes(turn: Turn, nominee: Nominee): void {
  const { config, voters } = turn.state;
  if (isRejected(nominee, latestVoters(voters))) return;
  for (const { key } of latestVoters(voters)) {
    if (key.id === config.local.key.id) continue;
    if (nominee.granted.has(key.id) || nominee.rejected.has(key.id)) continue;
    if (!isReady(turn.state, key.id)) continue;
    const { election, log } = turn.state;
    send(turn, key.id, {
      api: "vote",
      clusterId: config.clusterId,
      receiver: key,
      candidate: config.local.key,
      epoch: election.epoch,
      logEnd: logEnd(log),
      preVote: nominee.kind === "prospective",
    });
  }
}

/** Counts a vote. That it belongs to this round is certain: a new role forgets what was asked before. */
export function onVoteResponse(turn: Turn, from: ReplicaId, body: VoteResponse): void {
  const { role, election } = turn.state;
  if (role.kind !== "prospective" && role.kind !== "candidate") return;
  if (body.error === "UNSUPPORTED_VERSION") {
    // KIP-996: this voter knows no pre-vote. Ask for a real one rather than not at all.
    if (role.kind === "prospective") becomeCandidate(turn);
    return;
  }
  assert(body.epoch === election.epoch, `a vote of epoch ${body.epoch} in ${election.epoch}`);
  if (body.error === "NONE") {
    countVote(turn, role, { from, granted: body.granted, leads: body.leaderId === from });
  } else if (body.error === "INVALID_VOTER_KEY") {
    // Its disk was replaced: a vote of this node would not be the listed voter's.
    countVote(turn, role, { from, granted: false, leads: false });
  }
}

interface Ballot {
  readonly from: ReplicaId;
  readonly granted: boolean;
  /** Whether the voter says that it leads this very epoch. One that has resigned does not. */
  readonly leads: boolean;
}

function countVote(turn: Turn, nominee: Nominee, ballot: Ballot): void {
  const granted = ballot.granted ? new Set(nominee.granted).add(ballot.from) : nominee.granted;
  const rejected = ballot.granted ? nominee.rejected : new Set(nominee.rejected).add(ballot.from);
  const role: Nominee = { ...nominee, granted, rejected };
  update(turn, { role });
  if (hasWon(turn.state)) {
    if (role.kind === "prospective") becomeCandidate(turn);
    else becomeLeader(turn);
  } else if (role.kind === "prospective" && isOver(turn.state, role, ballot)) {
    loseCandidacy(turn, role.leaderEndpoints);
  }
  // A rejected candidate waits for the rest of its time (KAFKA-18345: a shorter pause can live-lock).
}

/**
 * Whether a prospective voter has nothing left to ask: a majority has refused, or the leader itself, which is then
 * alive. To go on waiting for the others would be deaf to it.
 */
function isOver(state: State, role: Prospective, ballot: Ballot): boolean {
  if (isRejected(role, latestVoters(state.voters))) return true;
  return role.heedsLeader && ballot.leads && !ballot.granted;
}

/** A prospective voter that was refused, or ran out of time, returns to where it came from. */
export function loseCandidacy(turn: Turn, leaderEndpoints: readonly Endpoint[]): void {
  const { election } = turn.state;
  if (election.leaderId !== null && leaderEndpoints.length > 0) {
    becomeFollower(turn, election.epoch, {
      leaderId: election.leaderId,
      endpoints: leaderEndpoints,
    });
  } else {
    becomeUnattached(turn, election.epoch);
  }
}
