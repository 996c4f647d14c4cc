/**
 * A replica between two steps: one readonly value. What must survive a crash is `election` and the log; the
 * rest is rebuilt by `boot`. The log's records are not here, only their summary.
 *
 * Roles are a union, so that votes exist only on a nominee and progress only on a leader: a rule that needs
 * them cannot be written for another role. Only `transitions.ts` makes them. Six roles where Raft has three:
 * Unattached is Raft's follower before it knows its leader, Prospective the pre-vote of KIP-996, and Resigned
 * is needed because a leader that restarts must not lead its old epoch again (S-1).
 *
 * Since a state is a value, a failed transaction needs no undo: the shell drops the new state, and the replica
 * starts again from its storage.
 */
import { assert } from "../std/assert.ts";
import type { ImmutableMap } from "../std/immutable-map.ts";
import type { Random } from "../std/random.ts";
import type { RaftConfig } from "./config.ts";
import type { ElectionState, Sleep } from "./effects.ts";
import type { LogSummary } from "./log-summary.ts";
import { isMajorityAlone } from "./membership/majority.ts";
import type { VoterHistory } from "./membership/voter-history.ts";
import {
  hasVoter,
  latestVoters,
  latestVotersOffset,
  votersAt,
} from "./membership/voter-history.ts";
import type {
  ApiName,
  CorrelationId,
  Endpoint,
  FetchRequest,
  Incarnation,
  Milliseconds,
  Offset,
  ReplicaId,
  ReplicaKey,
  RequestId,
  SnapshotId,
  Voter,
  VoterChangeRequest,
} from "./messages.ts";

/** No leader to follow. A voter asks around and, when its timer runs out, stands; an observer only asks. */
export interface Unattached {
  readonly kind: "unattached";
  /** Ignored while this replica is no voter. */
  readonly electionDeadline: Milliseconds;
}

/** Asks whether an election could be won, before it disturbs the others with a new epoch (KIP-996). */
export interface Prospective {
  readonly kind: "prospective";
  readonly electionDeadline: Milliseconds;
  /** Where the leader of this epoch listens, if one was known; empty otherwise. */
  readonly leaderEndpoints: readonly Endpoint[];
  /**
   * Whether a refusal by that leader ends the round: yes, if it has served this voter. One that answers votes and
   * never a Fetch must be deposed like any other that does not serve.
   */
  readonly heedsLeader: boolean;
  readonly granted: ReadonlySet<ReplicaId>;
  readonly rejected: ReadonlySet<ReplicaId>;
}

/** Has raised the epoch, voted for itself and asks for the votes of the others. */
export interface Candidate {
  readonly kind: "candidate";
  readonly electionDeadline: Milliseconds;
  readonly granted: ReadonlySet<ReplicaId>;
  readonly rejected: ReadonlySet<ReplicaId>;
}

/** Follows the leader of its epoch by fetching from it. */
export interface Follower {
  readonly kind: "follower";
  readonly leaderId: ReplicaId;
  /** Never empty. */
  readonly leaderEndpoints: readonly Endpoint[];
  /** When to give up on the leader; ignored while this replica is no voter. */
  readonly fetchDeadline: Milliseconds;
  /** Whether this leader has ever served us. */
  readonly hasFetched: boolean;
  /** Whether the leader has taken its leave: it never leads this epoch again. */
  readonly hasLeft: boolean;
  /** Whether the last Fetch that came to an end was served: if so, we shield the leader from pre-votes. */
  readonly isServed: boolean;
  /** How many fetches in a row came to nothing in a way that is evidence against the leader. */
  readonly fetchFailures: number;
  /** Not before this does evidence shorten `fetchDeadline`: a pre-vote was lost a moment ago. */
  readonly suspectAfter: Milliseconds;
  /**
   * The leader's snapshot that is to replace this log; null mostly. Not stored: another leader has other bytes (N-8).
   */
  readonly installing: Installing | null;
  /** Not before this is a snapshot fetched: the one before was not sound. */
  readonly installAfter: Milliseconds;
  /**
   * How many Fetches in a row have left nothing to be had. After the second its leader knows that it has caught up, for
   * that one asked for what was not there at the first (KAFKA-13959).
   */
  readonly levelFetches: number;
  /** Not before this is the leader asked to change this replica's entry in the voter set (M-5, M-10). */
  readonly ownEntryAfter: Milliseconds;
}

/** A snapshot on its way from the leader (N-7). */
export interface Installing {
  readonly id: SnapshotId;
  /** So many bytes are stored. */
  readonly position: number;
  /** Bytes in all; null before the first range has come. */
  readonly size: number | null;
  /** Verifying once `position` has reached `size`. */
  readonly phase: "fetching" | "verifying";
}

/**
 * How far a replica has come, as its fetches tell the leader. What may be relied on within one epoch:
 *
 * 1. `endOffset` of a voter is at most the end of the leader's log: `acknowledge` asserts it before,
 *    `checkLeader` after.
 * 2. Everything below it is stored by that voter and equal to the leader's log: only a valid position is taken
 *    for an acknowledgement (F-4), and only a stored record is fetched past (D-4).
 * 3. It never falls for a voter that shows its incarnation (I-14): a smaller offset of the same incarnation or an
 *    earlier one is a late message, one of a later incarnation is lost storage (T-2). Of a voter that shows none it
 *    may fall, and the high watermark does not follow (F-8).
 * 4. Once `rolledBack`, the replica is counted neither for commits nor among successors, as long as this leader
 *    leads.
 */
export interface ReplicaProgress {
  readonly key: ReplicaKey;
  /** Everything below is in its log; null before its first valid fetch in this epoch. */
  readonly endOffset: Offset | null;
  readonly lastFetchAt: Milliseconds | null;
  /** When it last held everything that could be had. */
  readonly lastCaughtUpAt: Milliseconds | null;
  /** How much could be had at its last fetch; of an observer, Infinity while the leader did not know. */
  readonly lastFetchEnd: Offset;
  /** The latest incarnation it has shown; null when it shows none. */
  readonly incarnation: Incarnation | null;
  /** It un-acknowledged records within one epoch: its storage went back in time. Never counted again. */
  readonly rolledBack: boolean;
}

/** A fetch that has yet to be answered. */
export interface WaitingFetch {
  readonly request: FetchRequest;
  readonly deadline: Milliseconds;
}

/** Persistent, for a thousand brokers wait at once and each step changes one entry. */
export type WaitingFetches = ImmutableMap<RequestId, WaitingFetch>;

/** A change of the voter set under way at the leader (KIP-853): one at a time (M-2). */
export interface VoterChange {
  readonly api: VoterChangeRequest["api"];
  /** Who waits for the answer; null when it was given, or is of no interest any more. */
  readonly request: RequestId | null;
  /** When the request is answered that its outcome is unknown (M-6). */
  readonly deadline: Milliseconds;
  /** Who is added or removed, or what its entry becomes. */
  readonly voter: Voter;
  readonly ackWhenCommitted: boolean;
  /**
   * `probing` the replica that is to be listed; `queued` for its place in the log; `appended` and not yet committed.
   */
  readonly phase: "probing" | "queued" | "appended";
  /** Where its record lies; null before it is appended. */
  readonly offset: Offset | null;
}

/** A read that waits to be shown linearizable. Both kinds of lists below are in the order of arrival. */
export interface WaitingRead {
  readonly request: RequestId;
  readonly deadline: Milliseconds;
}

/**
 * A round of BeginQuorumEpoch that began after each of its reads had arrived. What may be relied on:
 *
 * 1. `asked` holds what was sent since the round began, and nothing else: an answer to anything older confirms nothing.
 * 2. A key in `confirmed` is of a replica that was in this epoch after the round began.
 * 3. Once `isFenced`, this instance has stored something since then, or is about to, before anything else of the step.
 */
export interface ReadRound {
  readonly reads: readonly WaitingRead[];
  /** Exclusive: what each of its reads must show. */
  readonly readIndex: Offset;
  readonly openedAt: Milliseconds;
  /** Whether the clock has gone forward steadily since then. */
  readonly isDated: boolean;
  /** The latest request to each voter. */
  readonly asked: ReadonlyMap<
    ReplicaId,
    { readonly correlation: CorrelationId; readonly key: ReplicaKey }
  >;
  /** By `keyOf`; never this replica. */
  readonly confirmed: ReadonlySet<string>;
  readonly isFenced: boolean;
}

/** What a leader knows of reads that want to be linearizable. */
export interface Reads {
  /** They have arrived since the round began, or while no high watermark is known. */
  readonly waiting: readonly WaitingRead[];
  readonly round: ReadRound | null;
  /** When the latest round that was confirmed began; null while there is none that can be dated. */
  readonly confirmedAt: Milliseconds | null;
}

/** Leads its epoch. Made by `newLeader`, when nothing is known of the others; nothing of it is stored. */
export interface Leader {
  readonly kind: "leader";
  /** Where this epoch begins. Nothing is known to be committed before the high watermark passes it. */
  readonly epochStartOffset: Offset;
  /** Unknown at first, even if this replica knew one as a follower. */
  readonly highWatermark: Offset | null;
  /** The other voters by id. */
  readonly voters: ReadonlyMap<ReplicaId, ReplicaProgress>;
  /** All others that fetch, by `keyOf`; bounded, and forgotten after five silent minutes. */
  readonly observers: ImmutableMap<string, ReplicaProgress>;
  /** Voters' fetches: they end with the next append. */
  readonly parkedVoters: WaitingFetches;
  /** Observers' fetches: they see only committed records, so they end with the next commit. One an id. */
  readonly parkedObservers: WaitingFetches;
  /** Which of `parkedObservers` is whose; ids below 0 name no replica and are not listed. */
  readonly parkedByObserver: ImmutableMap<ReplicaId, RequestId>;
  /** A lower bound of the deadlines in `parkedVoters` and `parkedObservers`. */
  readonly parkedDeadline: Milliseconds;
  /** When to resign, unless a majority fetches before. */
  readonly checkQuorumDeadline: Milliseconds;
  /** Voters that fetched since `checkQuorumDeadline` was set. */
  readonly heard: ReadonlySet<ReplicaId>;
  /** When next to send BeginQuorumEpoch to voters that do not fetch. */
  readonly beginDeadline: Milliseconds;
  /** Null when none is under way. */
  readonly change: VoterChange | null;
  readonly reads: Reads;
  /** When something has happened last that a quorum stays awake for (SL-1). */
  readonly activeAt: Milliseconds;
}

/** Led this epoch and gave it up, or does not remember leading it: it may neither lead in it again nor vote. */
export interface Resigned {
  readonly kind: "resigned";
  readonly electionDeadline: Milliseconds;
  /** Voters that have not yet acknowledged EndQuorumEpoch. */
  readonly unacknowledged: ReadonlySet<ReplicaId>;
  readonly preferredSuccessors: readonly ReplicaKey[];
}

export type Role = Unattached | Prospective | Candidate | Leader | Follower | Resigned;
/** A role that asks for votes. */
export type Nominee = Prospective | Candidate;

/** The way to one peer: at most one request at a time. */
export interface Connection {
  readonly inFlight: {
    readonly correlation: CorrelationId;
    readonly api: ApiName;
    readonly deadline: Milliseconds;
  } | null;
  /** Not before this may the next request go out. */
  readonly readyAt: Milliseconds;
  /** How often in a row it failed. */
  readonly failures: number;
}

export interface State {
  readonly config: RaftConfig;
  readonly random: Random;
  /** This replica's own time: the sum of what has passed between inputs. It never falls, and never stands still. */
  readonly now: Milliseconds;
  /** What the clock said at the latest input. */
  readonly clock: Milliseconds;
  readonly election: ElectionState;
  readonly role: Role;
  readonly log: LogSummary;
  readonly voters: VoterHistory;
  /** What this replica has ever known to be committed, as far as that was stored; null before it knows any. */
  readonly committed: Offset | null;
  /** By peer. Emptied by every change of role, so that answers meant for an earlier role are dropped. */
  readonly connections: ReadonlyMap<ReplicaId, Connection>;
  readonly nextCorrelation: CorrelationId;
  readonly incarnation: Incarnation;
  /** This replica was told to become a voter, and has not been one yet (M-10). */
  readonly joining: boolean;
  /** Fetches held back because this replica does not lead: a broker must not ask in a tight loop. */
  readonly held: WaitingFetches;
  /** When the latest Fetch was sent that left nothing to be had, of one that observes only (OB-3); else null. */
  readonly levelAt: Milliseconds | null;
  /** Null while awake. Only a leader, a follower and one that has led before a restart sleep. */
  readonly asleep: Sleep | null;
}

/** What `boot` needs from storage. */
export interface DurableImage {
  /** Null when none was ever stored. */
  readonly election: ElectionState | null;
  readonly log: LogSummary;
  /** What was known to be committed when something was last stored; null when nothing was. */
  readonly highWatermark: Offset | null;
  /** Whether it was told to become a voter, and has not been one yet. */
  readonly joining: boolean;
  /** The sleep that was stored last and not ended since; null when it was awake. */
  readonly sleep?: Sleep | null;
  /**
   * Every KRaftVoters record of the log, oldest first. Before them the voters of the snapshot at the log start, as a
   * record at its last offset.
   */
  readonly voters: VoterHistory["records"];
}

/** A text that names a replica key. */
export const keyOf = (key: ReplicaKey): string => `${key.id}/${key.directoryId}`;

/** Whether this replica, node and directory, is in the newest voter set of its log. One that only observes is not. */
export const isVoter = ({ config, voters }: State): boolean =>
  config.observesOnly !== true && hasVoter(latestVoters(voters), config.local.key);

/**
 * Whether this replica may stand for election: as a voter, or as one whose removal it does not know to be committed
 * (MB-1). Such a removal may be in its log alone. Voters of the set before then need its vote, and refuse it theirs for
 * their shorter logs: if it did not stand, nobody could lead. It counts by the newest set all the same, and not itself.
 */
export function mayStand(state: State): boolean {
  if (isVoter(state)) return true;
  const { voters, committed, config } = state;
  if (config.observesOnly === true) return false;
  const newest = latestVotersOffset(voters);
  return newest >= (committed ?? 0) && hasVoter(votersAt(voters, newest), config.local.key);
}

/** Whether this replica is the whole quorum: it then waits for no other (S-2). */
export const isSoleVoter = (state: State): boolean =>
  isMajorityAlone(latestVoters(state.voters), state.config.local.key);

/**
 * The role of a replica that leads; an assertion anywhere else. Every rule of a leader reads its role through
 * this and from the turn, never from a parameter: each update makes a new value, and a `Leader` that was
 * handed down would soon be an old one. A pure function over a leader takes the value.
 */
export function leaderRole(state: State): Leader {
  const { role } = state;
  assert(role.kind === "leader", `a ${role.kind} does what only a leader may`);
  return role;
}
