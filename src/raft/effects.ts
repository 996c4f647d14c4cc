/**
 * Everything a replica may ask of its shell, in the order in which it must be done.
 *
 * The shell's law: perform `persist` in one transaction, install the new state, then perform the rest, with
 * nothing in between. If the transaction fails, nothing else may happen and the replica starts anew from its
 * storage. Therefore everything that follows `persist` may rely on it, votes and acknowledgements included.
 *
 * What the order guarantees, and to whom:
 *
 * 1. A peer that receives a vote, a candidacy or a leader's announcement may rely on its being stored (D-1).
 * 2. A leader that receives a Fetch may rely on everything below its offset being stored (D-4): the records
 *    came in an earlier step, or in the `persist` of this one.
 * 3. The application that is told of a commit may rely on its being stored here, and by a majority (W-1).
 * 4. A step that truncates and appends does both or neither (L-2).
 * 5. Whoever is told that a read is ready may rely on it that no other instance of this replica was running when it
 *    arrived.
 * 6. A snapshot is installed, and the log that it replaces gone, or neither; and a log is cut only below a snapshot
 *    that is whole (N-5, N-6).
 *
 * `endTurn` makes the order by construction. The shell's input loop refuses a step that breaks it, and the
 * simulator holds every message back until its write is durable, and loses both together.
 */
import type {
  CorrelationId,
  Entry,
  Epoch,
  ErrorName,
  Milliseconds,
  Offset,
  ReplicaId,
  ReplicaKey,
  OutgoingRequest,
  Reply,
  RequestId,
  SnapshotId,
  StoredSnapshot,
} from "./messages.ts";

/** Which role a replica plays in its epoch. */
export type RoleName =
  | "unattached"
  | "prospective"
  | "candidate"
  | "leader"
  | "follower"
  | "resigned";

/**
 * What is stored of elections (Kafka's quorum-state). Leader and voted key are kept independently: a vote
 * must not be forgotten because a leader was met meanwhile.
 */
export interface ElectionState {
  readonly epoch: Epoch;
  /** Who leads, or led, `epoch`; null while that is not known. */
  readonly leaderId: ReplicaId | null;
  /** For whom this replica voted in `epoch`; null when it has not. */
  readonly votedKey: ReplicaKey | null;
}

/**
 * That a replica sleeps (SL-1). True as long as it agrees with what else is stored: the epoch is that one, and the log
 * ends there and is committed.
 */
export interface Sleep {
  readonly epoch: Epoch;
  readonly endOffset: Offset;
  /** What the clock said then. */
  readonly sinceMs: Milliseconds;
}

/** Bytes of a snapshot as they were fetched. */
export interface SnapshotChunk {
  readonly id: SnapshotId;
  /** Where they belong: at the end of what is stored of it. 0 begins a download and drops any other. */
  readonly position: number;
  readonly bytes: Uint8Array;
}

export type Effect =
  /** At most one in a step, and then the first. Parts apply in the order of the fields. */
  | {
      readonly kind: "persist";
      /** Replaces the stored election state; null leaves it. */
      readonly election: ElectionState | null;
      /** The snapshot that this replica has made is whole, and listed from now on. */
      readonly snapshot: StoredSnapshot | null;
      /** A range of the snapshot that is being fetched. */
      readonly chunk: SnapshotChunk | null;
      /** The fetched snapshot is whole and the only one: the log begins and ends where it ends, and is empty. */
      readonly install: StoredSnapshot | null;
      /** Moves the start of the log up to here. Snapshots that end below are gone, too. */
      readonly logStart: Offset | null;
      /** Removes every record at or above this offset, a batch boundary; null removes none. */
      readonly truncateTo: Offset | null;
      /** Batches that continue at the end of the log. */
      readonly append: readonly Entry[];
      /** This replica has become a voter: it need not join any more, after a restart either. */
      readonly joined: boolean;
      /** Something must be written, whatever it is: that it can be proves that no successor runs. */
      readonly fence: boolean;
      /** That it sleeps from now on, or does so no more; null changes nothing. */
      readonly sleep: Sleep | "over" | null;
      /** What is known to be committed after all this, within the log as it then is; null while unknown. */
      readonly highWatermark: Offset | null;
    }
  /** Ask a peer. The answer, or its absence, comes back as an input with the same correlation. */
  | {
      readonly kind: "send";
      readonly to: ReplicaId;
      readonly correlation: CorrelationId;
      readonly request: OutgoingRequest;
      /** After this the core has given up waiting: the shell may abort the attempt. */
      readonly deadline: Milliseconds;
    }
  /** Answer an inbound request. */
  | { readonly kind: "reply"; readonly to: RequestId; readonly response: Reply }
  /**
   * Every byte of this snapshot is stored: read them back, and say by an input whether they are sound. Ends with a
   * `snapshot-abandoned` of the same id.
   */
  | { readonly kind: "verify-snapshot"; readonly id: SnapshotId; readonly size: number }
  /** This snapshot is not fetched or verified any more: what is stored of it is garbage. */
  | { readonly kind: "snapshot-abandoned"; readonly id: SnapshotId }
  /** This snapshot, which the leader names, has more bytes than one may have. An operator has to know. */
  | { readonly kind: "snapshot-too-large"; readonly id: SnapshotId; readonly size: number }
  /**
   * The log was replaced by this snapshot. Whatever was built from the log must be built anew from the snapshot; the
   * `commit` that follows says the same offset.
   */
  | { readonly kind: "snapshot-installed"; readonly snapshot: StoredSnapshot }
  /** The high watermark rose: everything below is committed and may be applied. It never falls. */
  | { readonly kind: "commit"; readonly highWatermark: Offset }
  /**
   * These reads are linearizable if they show everything below `readIndex`. All of it is committed; whether it is
   * replayed, only the application knows.
   */
  | {
      readonly kind: "read-ready";
      readonly requests: readonly RequestId[];
      readonly readIndex: Offset;
    }
  /**
   * These reads cannot be shown to be linearizable. NOT_LEADER_OR_FOLLOWER: ask the leader. REQUEST_TIMED_OUT: no
   * majority has confirmed this one in time. BROKER_NOT_AVAILABLE: too many wait.
   */
  | {
      readonly kind: "read-refused";
      readonly requests: readonly RequestId[];
      readonly error: ReadRefusal;
    }
  /** An `append` did not happen. Without this effect it did, and awaits its `commit`. */
  | {
      readonly kind: "append-refused";
      readonly error: ErrorName;
      readonly epoch: Epoch;
      readonly baseOffset: Offset;
    }
  /**
   * A change of the voter set is to be appended: give it a place among the application's batches, one offset, and say
   * by `append-voters` when its turn has come. Once in a change; a change that was announced stays until it is
   * appended, or the leadership is lost.
   */
  | { readonly kind: "voters-to-append"; readonly epoch: Epoch }
  /**
   * A voter no longer holds what it acknowledged in this very epoch: its storage went back in time. It is
   * not counted any more; an operator must replace it under a new directory id.
   */
  | {
      readonly kind: "replica-distrusted";
      readonly key: ReplicaKey;
      readonly acknowledged: Offset;
      readonly fetchOffset: Offset;
    }
  /** A replica that only observes was told what cannot be so (OB-2): nothing of the answer counts. */
  | { readonly kind: "answer-doubted"; readonly from: ReplicaId; readonly reason: string }
  /** The replica took on another role, or the same role in another epoch or under another leader. */
  | {
      readonly kind: "role-changed";
      readonly role: RoleName;
      readonly epoch: Epoch;
      readonly leaderId: ReplicaId | null;
    };

/** Why a read was refused. */
export type ReadRefusal = Extract<
  ErrorName,
  "NOT_LEADER_OR_FOLLOWER" | "REQUEST_TIMED_OUT" | "BROKER_NOT_AVAILABLE"
>;

/** The stored part of a step. */
export type PersistEffect = Extract<Effect, { kind: "persist" }>;
