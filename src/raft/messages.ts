/**
 * What replicas say to each other: the requests and responses of KRaft as plain values (KIP-595, KIP-853,
 * KIP-996). Kafka's fields under Kafka's names, minus what only the wire needs (topic, partition, versions,
 * tags).
 *
 * Not the wire: the shell translates to and from Kafka's bytes. Where Kafka writes -1 for "none", these say
 * null; a shell maps the one to the other. Errors are Kafka's names; INCONSISTENT_CLUSTER_ID belongs in the top
 * level of a response, every other error in its one partition.
 */

/** A time or a span in milliseconds. */
export type Milliseconds = number;
/** A record number, dense from 0. */
export type Offset = number;
/** Raft's term. 0 is primordial: it has no leader, and no record carries it. */
export type Epoch = number;
/** A node id as in Kafka's `node.id`. Never negative, except -1 for a fetcher that is no replica. */
export type ReplicaId = number;
/** The uuid of a replica's storage, in any one text form that all replicas share. */
export type DirectoryId = string;
/** The shell's name for an inbound request that still waits for its answer. */
export type RequestId = number;
/**
 * Names one boot of one replica: `counter × INCARNATION_COUNT + random bits`. The counter is stored and raised at each
 * boot, so a smaller one is a message that was long under way. The bits tell two boots of one counter apart: that it
 * was drawn twice proves that the storage went back in time (T-2). A wall clock can do neither.
 */
export type Incarnation = number;
/** How many values share one counter: 20 random bits. */
export const INCARNATION_COUNT = 2 ** 20;

/** This core's name for an outgoing request; unique within an incarnation. */
export type CorrelationId = number;

/** "No directory": the zero uuid in Kafka's text form. */
export const NO_DIRECTORY: DirectoryId = "AAAAAAAAAAAAAAAAAAAAAA";

/** Kafka's "the request does not say" for the high watermark of a Fetch (KIP-1166). */
export const UNSTATED_HIGH_WATERMARK: Offset = Number.MAX_SAFE_INTEGER;

/** A node with its storage. The same node on a replaced disk is another replica (KIP-853). */
export interface ReplicaKey {
  readonly id: ReplicaId;
  readonly directoryId: DirectoryId;
}

/** One place at which a node listens. */
export interface Endpoint {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

/** A member of the voter set, as a KRaftVoters record states it. */
export interface Voter {
  readonly key: ReplicaKey;
  readonly endpoints: readonly Endpoint[];
  /** The versions of the kraft.version feature that this node can speak. */
  readonly kraftVersions: { readonly min: number; readonly max: number };
}

/**
 * A place in the log. As the end of a log: `offset` is exclusive, `epoch` is that of the last record before
 * it, (0, 0) when the log is empty.
 */
export interface LogPosition {
  readonly offset: Offset;
  readonly epoch: Epoch;
}

/** Where an observer is: everything below `endOffset` is in its log. */
export interface ObserverPosition {
  readonly key: ReplicaKey;
  readonly endOffset: Offset;
}

/** A snapshot's name (KIP-630): its exclusive end, and the epoch of the last record in it. */
export interface SnapshotId {
  readonly endOffset: Offset;
  readonly epoch: Epoch;
}

/** A snapshot has no more bytes, or storage could not number them. Some 40,000,000 partitions. */
export const SNAPSHOT_BYTES_MAX = 2 ** 32;

/** A snapshot that a replica has whole. */
export interface StoredSnapshot extends SnapshotId {
  /** Bytes. */
  readonly size: number;
  /** That of the last record it stands for, in milliseconds since the Unix epoch: its age is counted from there. */
  readonly timestampMs: Milliseconds;
}

/** Bytes of a snapshot, to be read by the shell when it performs a reply. */
export interface SnapshotRange {
  readonly id: SnapshotId;
  /** The first wanted byte. */
  readonly position: number;
  /** At most so many; an answer may hold fewer, but at least one. */
  readonly maxBytes: number;
}

/** What consensus itself writes into the log. The shell encodes and decodes the bytes. */
export type ControlRecord =
  | {
      readonly kind: "leader-change";
      readonly leaderId: ReplicaId;
      readonly voters: readonly ReplicaId[];
      readonly grantingVoters: readonly ReplicaId[];
    }
  | { readonly kind: "kraft-version"; readonly version: number }
  | { readonly kind: "kraft-voters"; readonly voters: readonly Voter[] };

/**
 * One record batch. All its records share an epoch; `lastOffset` is inclusive. Batches are appended, served and
 * truncated whole. What may be relied on, and who vouches for it:
 *
 * 1. It covers at least one offset, and continues the log it is appended to: base offset at the end, epoch not
 *    below that of the record before. `appendToLog` asserts both.
 * 2. A control batch has one record per offset, and a voter set in it is one: not empty, no id twice.
 *    `isWellFormed`.
 * 3. Its epoch is at least 1 and at most the replica's own (KAFKA-18723). `appendEntry` asserts it.
 * 4. There is one batch for a given offset and epoch in the whole quorum, for one leader wrote it once. That is
 *    Raft's log matching; no replica can check it alone, and the simulator does (`logs-match`).
 *
 * A batch from a peer is not trusted: `isNext` asks for 1 to 3 before it is appended, and what does not fit is
 * left out without a word, since the next Fetch will ask for it again.
 */
export interface Entry {
  readonly baseOffset: Offset;
  readonly lastOffset: Offset;
  readonly epoch: Epoch;
  /** The records of a control batch, in the order of their offsets; empty for the application's data. */
  readonly control: readonly ControlRecord[];
  /** The batch as stored and served, opaque here. Null in a control batch that this leader just made. */
  readonly payload: Uint8Array | null;
}

/** Kafka's error codes by name, as far as consensus answers or understands them. */
export type ErrorName =
  | "NONE"
  | "UNKNOWN_SERVER_ERROR"
  | "NOT_LEADER_OR_FOLLOWER"
  | "BROKER_NOT_AVAILABLE"
  | "CLUSTER_AUTHORIZATION_FAILED"
  | "UNSUPPORTED_VERSION"
  | "INVALID_REQUEST"
  | "FENCED_LEADER_EPOCH"
  | "UNKNOWN_LEADER_EPOCH"
  | "SNAPSHOT_NOT_FOUND"
  | "POSITION_OUT_OF_RANGE"
  | "INCONSISTENT_CLUSTER_ID"
  | "INVALID_VOTER_KEY"
  | "REQUEST_TIMED_OUT"
  | "DUPLICATE_VOTER"
  | "VOTER_NOT_FOUND";

/** Vote, v0-v2. A candidate asks for a vote; with `preVote` it only asks whether it would get one. */
export interface VoteRequest {
  readonly api: "vote";
  /** Null when the sender does not say. */
  readonly clusterId: string | null;
  /** The replica that the sender means to ask; null before v1. */
  readonly receiver: ReplicaKey | null;
  readonly candidate: ReplicaKey;
  /** The raised epoch of a candidate; the *current* one of a prospective voter. */
  readonly epoch: Epoch;
  /** The end of the sender's log. */
  readonly logEnd: LogPosition;
  readonly preVote: boolean;
}

/** BeginQuorumEpoch, v0-v1. A leader makes itself known: replication is pulled, so no other message would. */
export interface BeginQuorumEpochRequest {
  readonly api: "begin-quorum-epoch";
  readonly clusterId: string | null;
  readonly receiver: ReplicaKey | null;
  readonly leaderId: ReplicaId;
  readonly epoch: Epoch;
  readonly endpoints: readonly Endpoint[];
  /** Where the log ends on which its leader sleeps; absent of one that is awake (SL-6). */
  readonly asleepAt?: Offset;
}

/** EndQuorumEpoch, v0-v1. A leader has resigned; the first of `preferredCandidates` should stand at once. */
export interface EndQuorumEpochRequest {
  readonly api: "end-quorum-epoch";
  readonly clusterId: string | null;
  readonly leaderId: ReplicaId;
  readonly epoch: Epoch;
  readonly preferredCandidates: readonly ReplicaKey[];
  readonly endpoints: readonly Endpoint[];
}

/** Fetch, v17-v18, of the metadata log: consistency check, acknowledgement and heartbeat in one. */
export interface FetchRequest {
  readonly api: "fetch";
  readonly clusterId: string | null;
  /** The fetching replica. A voter is recognised by both halves of the key; id -1 is a client without an id. */
  readonly replica: ReplicaKey;
  /** CurrentLeaderEpoch: the epoch the sender is in. */
  readonly epoch: Epoch;
  /** The end of the sender's log: everything below it is acknowledged. */
  readonly fetchOffset: Offset;
  /** The epoch of the record before `fetchOffset`; 0 when there is none. */
  readonly lastFetchedEpoch: Epoch;
  /** The sender's own: null unknown (-1), or UNSTATED_HIGH_WATERMARK before v18. */
  readonly highWatermark: Offset | null;
  readonly maxWaitMs: Milliseconds;
  readonly maxBytes: number;
  /**
   * Which incarnation of the sender this is; null from replicas that do not say. Carried in
   * ReplicaState.ReplicaEpoch, which KRaft leaves at -1 and does not read.
   */
  readonly incarnation: Incarnation | null;
  /** It understands an answer that says to sleep; absent of those that do not (SL-2). */
  readonly maySleep?: true;
}

/** FetchSnapshot, v0-v1 (KIP-630). A piece of one of the leader's snapshots; it acknowledges nothing. */
export interface FetchSnapshotRequest {
  readonly api: "fetch-snapshot";
  readonly clusterId: string | null;
  readonly replica: ReplicaKey;
  /** CurrentLeaderEpoch: the epoch the sender is in. */
  readonly epoch: Epoch;
  readonly snapshotId: SnapshotId;
  /** The first wanted byte: all before it are stored. */
  readonly position: number;
  readonly maxBytes: number;
}

/** AddRaftVoter, v0-v1 (KIP-853). Makes an observer that has caught up a voter. */
export interface AddRaftVoterRequest {
  readonly api: "add-raft-voter";
  readonly clusterId: string | null;
  readonly voter: ReplicaKey;
  readonly endpoints: readonly Endpoint[];
  /** False: the answer waits for the append alone. A replica that waits for it cannot fetch meanwhile (KIP-1186). */
  readonly ackWhenCommitted: boolean;
}

/** RemoveRaftVoter, v0 (KIP-853). Answered when it is committed. */
export interface RemoveRaftVoterRequest {
  readonly api: "remove-raft-voter";
  readonly clusterId: string | null;
  readonly voter: ReplicaKey;
}

/** UpdateRaftVoter, v0 (KIP-853). A voter says where it listens now; answered when it is appended. */
export interface UpdateRaftVoterRequest {
  readonly api: "update-raft-voter";
  readonly clusterId: string | null;
  /** CurrentLeaderEpoch: the epoch the sender is in. */
  readonly epoch: Epoch;
  readonly voter: ReplicaKey;
  readonly endpoints: readonly Endpoint[];
  readonly kraftVersions: Voter["kraftVersions"];
}

/** A change of the voter set, as it is asked for. */
export type VoterChangeRequest =
  | AddRaftVoterRequest
  | RemoveRaftVoterRequest
  | UpdateRaftVoterRequest;

/** ApiVersions, of a replica that is to be a voter: whether it can be reached, and what it can speak (M-3). */
export interface ApiVersionsRequest {
  readonly api: "api-versions";
}

/** What a replica is asked. */
export type Request =
  | VoteRequest
  | BeginQuorumEpochRequest
  | EndQuorumEpochRequest
  | FetchRequest
  | FetchSnapshotRequest
  | VoterChangeRequest;
/** What a replica asks. The shell answers an ApiVersions by itself. */
export type OutgoingRequest = Request | ApiVersionsRequest;
export type ApiName = OutgoingRequest["api"];

/** What every answer says, errors included: who leads, as far as the answering node knows. */
export interface Answer {
  readonly error: ErrorName;
  readonly epoch: Epoch;
  /** Null while no leader is known. Never named without endpoints: a broker could not follow. */
  readonly leaderId: ReplicaId | null;
  readonly leaderEndpoints: readonly Endpoint[];
}

export interface VoteResponse extends Answer {
  readonly api: "vote";
  readonly granted: boolean;
}

export interface BeginQuorumEpochResponse extends Answer {
  readonly api: "begin-quorum-epoch";
}

export interface EndQuorumEpochResponse extends Answer {
  readonly api: "end-quorum-epoch";
}

/** A part of the log to be read by the shell when it performs a reply. */
export interface LogRange {
  /** The first wanted offset: the read begins with the batch that contains it. */
  readonly from: Offset;
  /** Exclusive; a batch boundary. */
  readonly upTo: Offset;
  /** Batches until this is exceeded, but always at least one (KIP-74). */
  readonly maxBytes: number;
}

/** The answer to a Fetch. At most one of `records`, `diverging` and `snapshotId` says something. */
export interface FetchAnswer<Records> extends Answer {
  readonly api: "fetch";
  /** Null (-1 on the wire) while unknown: a new leader does not know before it commits in its own epoch. */
  readonly highWatermark: Offset | null;
  /** Null in an answer that says nothing of the partition. */
  readonly logStartOffset: Offset | null;
  /** The largest epoch of the answering log not above the asked one, and where it ends. */
  readonly diverging: { readonly epoch: Epoch; readonly endOffset: Offset } | null;
  /** Fetch this snapshot instead: what was asked for is gone from the log. */
  readonly snapshotId: SnapshotId | null;
  readonly records: Records;
  /** The leader sleeps, and this is where its log ends; absent of one that is awake (SL-1). */
  readonly asleepAt?: Offset;
}

/** A Fetch answer as it comes back from a peer: the records are parsed. */
export type FetchResponse = FetchAnswer<readonly Entry[]>;
/** A Fetch answer as it leaves: the records are yet to be read from storage, or null for none. */
export type FetchReply = FetchAnswer<LogRange | null>;

/** The answer to a FetchSnapshot. Id and position are those that were asked for. */
export interface FetchSnapshotAnswer<Bytes> extends Answer {
  readonly api: "fetch-snapshot";
  readonly snapshotId: SnapshotId;
  /** Of the whole snapshot, in bytes; 0 in an answer with an error. */
  readonly size: number;
  readonly position: number;
  readonly bytes: Bytes;
}

/** A FetchSnapshot answer as it comes back from a peer. */
export type FetchSnapshotResponse = FetchSnapshotAnswer<Uint8Array>;
/** A FetchSnapshot answer as it leaves: the bytes are yet to be read from storage, or null for none. */
export type FetchSnapshotReply = FetchSnapshotAnswer<SnapshotRange | null>;

/** The answer to a change of the voter set. On the wire, only an UpdateRaftVoter's says who leads. */
export interface VoterChangeAnswer<Api> extends Answer {
  readonly api: Api;
  /** Why it was refused, for people; null when it was not. */
  readonly message: string | null;
}
export type VoterChangeResponse =
  | VoterChangeAnswer<"add-raft-voter">
  | VoterChangeAnswer<"remove-raft-voter">
  | VoterChangeAnswer<"update-raft-voter">;

/** The answer to an ApiVersions. It says nothing of epochs: what it shares with other answers is empty. */
export interface ApiVersionsResponse extends Answer {
  readonly api: "api-versions";
  /** Null when it names no kraft.version. */
  readonly kraftVersions: Voter["kraftVersions"] | null;
}

/** What a peer answered. */
export type Response =
  | VoteResponse
  | BeginQuorumEpochResponse
  | EndQuorumEpochResponse
  | FetchResponse
  | FetchSnapshotResponse
  | VoterChangeResponse
  | ApiVersionsResponse;
/** What this replica answers. */
export type Reply =
  | VoteResponse
  | BeginQuorumEpochResponse
  | EndQuorumEpochResponse
  | FetchReply
  | FetchSnapshotReply
  | VoterChangeResponse;
