/**
 * The only constructors of roles. Each `becomeX` asserts where it came from; what is forbidden in KRaft's
 * transition table cannot be written here without tripping. The README of src/raft has the table.
 *
 * Every transition forgets the requests in flight, so that an answer meant for an earlier role is dropped, and gives
 * up a snapshot on its way (N-8); leaving leadership also ends every parked fetch (KAFKA-10661, KAFKA-10677) and read.
 *
 * What a transition stores it does not write: it changes `election` in the turn, and `endTurn` finds the
 * difference. Entering Prospective and Resigned changes nothing there, and so stores nothing (D-1).
 */
import { assert, unreachable } from "../../std/assert.ts";
import type { ElectionState } from "../effects.ts";
import type { Leadership } from "../leadership.ts";
import { leaderOf } from "../leadership.ts";
import { logEnd } from "../log-summary.ts";
import { standingDelay } from "../membership/succession.ts";
import { latestVoters, sameKey } from "../membership/voter-history.ts";
import type { Epoch, Milliseconds, ReplicaKey } from "../messages.ts";
import { failReads } from "../reading/read-requests.ts";
import { advanceHighWatermark } from "../replication/high-watermark.ts";
import { abandonInstall } from "../snapshots/fetching.ts";
import type { Role } from "../state.ts";
import { isSoleVoter, mayStand } from "../state.ts";
import type { Turn } from "../turn.ts";
import { appendEntry, drawElectionDeadline, update } from "../turn.ts";
import { failWaiting, firstRecords, newLeader, successors } from "./leader-state.ts";
import { hasWon, isRejected } from "./nominee.ts";

/**
 * No leader is known. Either a larger epoch was heard of, or a prospective voter lost within its epoch, or a leader
 * that has removed itself has taken its leave: an observer raises no epoch.
 */
export function becomeUnattached(turn: Turn, epoch: Epoch): void {
  const { election, role } = turn.state;
  const isOver = role.kind === "prospective" || (role.kind === "resigned" && !mayStand(turn.state));
  const lost = epoch === election.epoch && isOver;
  assert(
    epoch > election.epoch || lost,
    `${role.kind}@${election.epoch} cannot detach at ${epoch}`,
  );
  const electionDeadline = lost ? drawElectionDeadline(turn) : keptElectionDeadline(turn);
  install(turn, lost ? election : newEpoch(epoch), { kind: "unattached", electionDeadline });
}

/**
 * A stream of larger epochs must not postpone this voter's own attempt for ever: a voter that already waits for
 * an election goes on waiting, unless it has just learned that it would lose one (E-4).
 */
function keptElectionDeadline(turn: Turn): Milliseconds {
  const { role, voters } = turn.state;
  switch (role.kind) {
    case "unattached":
    case "candidate":
    case "resigned":
      return role.electionDeadline;
    case "prospective":
      return isRejected(role, latestVoters(voters))
        ? drawElectionDeadline(turn)
        : role.electionDeadline;
    case "leader":
    case "follower":
      return drawElectionDeadline(turn);
    default:
      return unreachable(role);
  }
}

/** The vote of this epoch is given; it is stored before the answer leaves (D-1, I-2). */
export function grantVote(turn: Turn, candidate: ReplicaKey): void {
  const { election, role, config } = turn.state;
  assert(role.kind === "unattached" || role.kind === "prospective", `a ${role.kind} does not vote`);
  assert(election.votedKey === null, `a second vote in epoch ${election.epoch}`);
  assert(election.leaderId === null, `a vote against the leader of epoch ${election.epoch}`);
  assert(candidate.id !== config.local.key.id, "a vote for oneself is not asked for");
  const electionDeadline = drawElectionDeadline(turn);
  update(turn, {
    election: { ...election, votedKey: candidate },
    role: { ...role, electionDeadline },
  });
}

/**
 * Asks for pre-votes in the current epoch; a leader that was known stays known (KIP-996). So a voter that only
 * lost touch for a moment returns to that leader when it is refused, in the same epoch (E-3).
 */
export function becomeProspective(turn: Turn): void {
  const { election, role, config } = turn.state;
  assert(mayStand(turn.state), "an observer does not stand for election");
  assert(
    role.kind === "follower" || role.kind === "unattached" || role.kind === "candidate",
    `a ${role.kind} does not become prospective`,
  );
  install(turn, election, {
    kind: "prospective",
    electionDeadline: drawElectionDeadline(turn),
    leaderEndpoints: role.kind === "follower" ? role.leaderEndpoints : [],
    heedsLeader: role.kind === "follower" && role.hasFetched,
    granted: new Set([config.local.key.id]),
    rejected: new Set(),
  });
  if (hasWon(turn.state)) becomeCandidate(turn);
}

/**
 * Raises the epoch and votes for itself, in one durable change. Only a prospective voter that a majority
 * encouraged gets here, so a raised epoch nearly always has a leader soon; under plain Raft every lonely
 * time-out raises one.
 */
export function becomeCandidate(turn: Turn): void {
  const { election, role, config } = turn.state;
  assert(role.kind === "prospective", `a ${role.kind} does not become a candidate`);
  stand(turn, { epoch: election.epoch + 1, leaderId: null, votedKey: config.local.key });
}

/** Restarts the candidacy that storage tells of: the vote for oneself stands, the others' are asked again. */
export function resumeCandidacy(turn: Turn): void {
  const { election, role } = turn.state;
  assert(role.kind === "unattached" && mayStand(turn.state), "only a booting voter resumes");
  assert(election.leaderId === null, `epoch ${election.epoch} already has a leader`);
  stand(turn, election);
}

/** Asks the others for their votes in the epoch in which it has voted for itself. */
function stand(turn: Turn, election: ElectionState): void {
  install(turn, election, {
    kind: "candidate",
    electionDeadline: drawElectionDeadline(turn),
    granted: new Set([turn.state.config.local.key.id]),
    rejected: new Set(),
  });
  if (hasWon(turn.state)) becomeLeader(turn);
}

/**
 * Claims the epoch. The leader's first batch holds a LeaderChange record, so that something of this epoch can
 * be committed; until it is, nothing earlier counts as committed either (W-2, KAFKA-12619). That this replica
 * leads, its own vote and the batch are stored together, before the first BeginQuorumEpoch leaves.
 */
export function becomeLeader(turn: Turn): void {
  const { election, role, config, log } = turn.state;
  assert(
    role.kind === "candidate" && hasWon(turn.state),
    `a ${role.kind} without a majority leads`,
  );
  const local = config.local.key;
  assert(
    election.votedKey !== null && sameKey(election.votedKey, local),
    "a leader's vote is its own",
  );
  const { epoch } = election;
  assert(logEnd(log).epoch < epoch, `the log already holds records of epoch ${epoch}`);
  const granting = [...role.granted].toSorted((left, right) => left - right);
  install(turn, { ...election, leaderId: local.id }, newLeader(turn.state));
  const control = firstRecords(turn.state, granting);
  appendEntry(turn, {
    baseOffset: log.endOffset,
    lastOffset: log.endOffset + control.length - 1,
    epoch,
    control,
    payload: null,
  });
  // A sole voter has just committed.
  advanceHighWatermark(turn);
}

/**
 * A leader is known, with an endpoint to reach it at. The vote of this epoch stays (D-2): it was given, whoever
 * won, and a voter that forgot it by meeting a leader could vote again after losing sight of that leader.
 */
export function becomeFollower(turn: Turn, epoch: Epoch, leader: Leadership): void {
  const { election, role, config, now, voters } = turn.state;
  const { leaderId, endpoints } = leader;
  assert(leaderId !== config.local.key.id, `replica ${leaderId} cannot follow itself`);
  assert(endpoints.length > 0, `leader ${leaderId} of epoch ${epoch} has no endpoint`);
  assert(epoch >= election.epoch, `epoch ${epoch} is over: this is ${election.epoch}`);
  if (epoch === election.epoch) {
    assert(
      election.leaderId === null || election.leaderId === leaderId,
      `epoch ${epoch} has two leaders: ${election.leaderId} and ${leaderId}`,
    );
    assert(role.kind !== "leader" && role.kind !== "resigned", `a ${role.kind} met another leader`);
  }
  if (role.kind === "follower" && epoch === election.epoch) {
    // KAFKA-16927: the same leader, of whose endpoints we now know more. Its timer runs on.
    update(turn, { role: { ...role, leaderEndpoints: endpoints } });
    return;
  }
  const kept = epoch === election.epoch ? election : newEpoch(epoch);
  install(
    turn,
    { ...kept, leaderId },
    {
      kind: "follower",
      leaderId,
      leaderEndpoints: endpoints,
      fetchDeadline:
        now + config.fetchTimeoutMs + standingDelay(config, latestVoters(voters), leaderId),
      hasFetched: false,
      hasLeft: false,
      isServed: false,
      fetchFailures: 0,
      // Without this pause one voter with a bad link would ask for pre-votes in a loop.
      suspectAfter: role.kind === "prospective" ? now + config.electionTimeoutMs : now,
      installing: null,
      installAfter: now,
      levelFetches: 0,
      ownEntryAfter: now,
    },
  );
}

/**
 * Renounces the epoch, or starts as a replica that once led it. In this epoch it will neither lead nor vote
 * again: what it showed to others before a crash might differ from what it would write now (S-1, KAFKA-10527).
 * It keeps itself as the leader of its epoch in storage, so that a second restart ends here too.
 */
export function becomeResigned(turn: Turn, epoch: Epoch): void {
  const { election, role, config, voters } = turn.state;
  const self = config.local.key;
  const kept = epoch === election.epoch ? election : newEpoch(epoch);
  assert(
    epoch >= election.epoch && (kept.leaderId === null || kept.leaderId === self.id),
    `${role.kind}@${election.epoch} cannot resign from epoch ${epoch}: ${kept.leaderId} leads`,
  );
  const others = latestVoters(voters).filter((voter) => voter.key.id !== self.id);
  install(
    turn,
    { ...kept, leaderId: self.id },
    {
      kind: "resigned",
      electionDeadline: drawElectionDeadline(turn),
      unacknowledged: new Set(others.map((voter) => voter.key.id)),
      preferredSuccessors: successors(
        role,
        others.map((voter) => voter.key),
      ),
    },
  );
}

const newEpoch = (epoch: Epoch): ElectionState => ({ epoch, leaderId: null, votedKey: null });

function install(turn: Turn, election: ElectionState, role: Role): void {
  const { role: left, election: before } = turn.state;
  assert(
    election.epoch >= before.epoch,
    `the epoch falls from ${before.epoch} to ${election.epoch}`,
  );
  abandonInstall(turn);
  update(turn, { election, role, connections: new Map(), asleep: null });
  if (left.kind === "leader") {
    failWaiting(turn, left);
    failReads(turn, left);
  }
  announceRole(turn);
}

export function announceRole(turn: Turn): void {
  const { role, election } = turn.state;
  const leaderId = leaderOf(turn.state)?.leaderId ?? null;
  turn.effects.push({ kind: "role-changed", role: role.kind, epoch: election.epoch, leaderId });
}

/**
 * Restarts timers that a replica frozen in time must not act upon at once (T-5). While it stood still, its
 * leader's answers and its followers' fetches have been waiting at the door: it would otherwise depose a
 * healthy leader, or itself, before it reads them. It gets one whole fetch time-out for that.
 */
export function forgiveFrozenTime(turn: Turn): void {
  const { role, now, config } = turn.state;
  const fullAttempt = now + config.fetchTimeoutMs;
  if (isSoleVoter(turn.state)) return;
  if (role.kind === "follower") {
    update(turn, { role: { ...role, fetchDeadline: Math.max(role.fetchDeadline, fullAttempt) } });
  } else if (role.kind === "leader") {
    const checkQuorumDeadline = Math.max(role.checkQuorumDeadline, fullAttempt);
    update(turn, { role: { ...role, checkQuorumDeadline } });
  } else if (role.kind === "unattached") {
    const electionDeadline = Math.max(role.electionDeadline, fullAttempt);
    update(turn, { role: { ...role, electionDeadline } });
  }
}
