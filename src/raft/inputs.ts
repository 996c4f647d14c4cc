/**
 * Everything that can happen to a replica. A replica is told, it never looks: time, messages, failures and the
 * application's wishes all arrive here. Each input carries the time at which it happened, in milliseconds of
 * one clock. A replica counts only what passes between two readings, so a clock that steps back costs it nothing.
 *
 * Inputs are trusted as far as their sender is. An answer is matched to its request, a message of a peer is
 * checked field by field, and an `append` of the application is compared with the log; none of them can trip an
 * assertion, except by proving that safety is lost already (`test/raft/hostile.test.ts` tries).
 */
import type {
  CorrelationId,
  Epoch,
  Milliseconds,
  ObserverPosition,
  Offset,
  ReplicaId,
  Request,
  RequestId,
  Response,
  SnapshotId,
  StoredSnapshot,
  Voter,
} from "./messages.ts";

/**
 * Why a `send` came to nothing, as the shell saw it. Some are evidence that the peer is gone (`election/suspicion.ts`):
 *
 * - `refused`: the node itself answers that it takes no part. Proof at once.
 * - `reset`: the object was reset or the connection was lost. Evidence when it happens twice in a row.
 * - `retryable`: a transient fault of the platform. The same.
 * - `overloaded`: the platform refused to queue the call. The peer is busy, hence alive.
 * - `timeout`: no answer by the deadline of the `send`. The replica's own timers judge that.
 * - `unreadable`: an answer that does not decode.
 */
export type RequestFailure =
  | "refused"
  | "reset"
  | "retryable"
  | "overloaded"
  | "timeout"
  | "unreadable";

export type Input =
  /** A deadline may be due; harmless at any time. */
  | { readonly kind: "time-passed"; readonly now: Milliseconds }
  /** A request arrived. It gets exactly one `reply`, in this step or in a later one. */
  | {
      readonly kind: "request-received";
      readonly now: Milliseconds;
      readonly request: RequestId;
      readonly body: Request;
    }
  /** Whoever sent a waiting request, or waits for a read, has hung up: nothing more is said to it. */
  | {
      readonly kind: "request-abandoned";
      readonly now: Milliseconds;
      readonly request: RequestId;
    }
  /** The answer to a `send`. An answer that is not awaited any more is ignored. */
  | {
      readonly kind: "response-received";
      readonly now: Milliseconds;
      readonly from: ReplicaId;
      readonly correlation: CorrelationId;
      readonly body: Response;
    }
  /** A `send` came to nothing: no connection, no answer in time, or an answer that could not be read. */
  | {
      readonly kind: "request-failed";
      readonly now: Milliseconds;
      readonly to: ReplicaId;
      readonly correlation: CorrelationId;
      readonly failure: RequestFailure;
    }
  /**
   * The leader's application wants one batch of `count` records appended, all or none. `epoch` and
   * `baseOffset` are what the application built the batch for; if either no longer holds, nothing is
   * appended and `append-refused` says why.
   */
  | {
      readonly kind: "append";
      readonly now: Milliseconds;
      readonly epoch: Epoch;
      readonly baseOffset: Offset;
      readonly count: number;
      readonly payload: Uint8Array;
    }
  /**
   * The change of the voter set that a `voters-to-append` has announced has its turn: append it as one control record
   * at `baseOffset`, the place that the application has kept for it. If that is not the end of the log any more,
   * nothing is appended and `append-refused` says why.
   */
  | {
      readonly kind: "append-voters";
      readonly now: Milliseconds;
      readonly epoch: Epoch;
      readonly baseOffset: Offset;
    }
  /**
   * Where observers are that read on from a copy of what is committed: who keeps the copy says it in their stead, for
   * they do not fetch from here. The leader of `epoch` notes it of those that it has served (F-15).
   */
  | {
      readonly kind: "observers-moved";
      readonly now: Milliseconds;
      readonly epoch: Epoch;
      readonly positions: readonly ObserverPosition[];
    }
  /**
   * Somebody wants to read what is certainly current. It ends with one `read-ready` or `read-refused` that names it, in
   * this step or a later one, unless it is abandoned before. `request` is a name as that of a request is.
   */
  | { readonly kind: "read"; readonly now: Milliseconds; readonly request: RequestId }
  /**
   * The leader's application has nothing to do, and would like to sleep: `quietMs` after something has happened last.
   * Ignored while something is left to do (SL-1).
   */
  | {
      readonly kind: "sleep";
      readonly now: Milliseconds;
      readonly epoch: Epoch;
      readonly quietMs: Milliseconds;
    }
  /** Somebody wants something of the quorum that nobody who sleeps can give. Nothing happens to who is awake. */
  | { readonly kind: "wake"; readonly now: Milliseconds }
  /** Give up leadership of `epoch` if it is still held: shutdown, or an application that cannot go on. */
  | { readonly kind: "resign"; readonly now: Milliseconds; readonly epoch: Epoch }
  /**
   * This replica has made a snapshot of what it knows to be committed (N-2), and stored all of its bytes. One that is
   * no newer than the newest it lists is of no use, and nothing happens.
   */
  | {
      readonly kind: "snapshot-made";
      readonly now: Milliseconds;
      readonly snapshot: StoredSnapshot;
    }
  /**
   * The snapshot of a `verify-snapshot` was read back and is sound. `voters` are those of its header, as they stand
   * there. Ignored unless it is being installed still; nothing may be said of one that was abandoned, for the same id
   * may come again with other bytes.
   */
  | {
      readonly kind: "snapshot-verified";
      readonly now: Milliseconds;
      readonly snapshot: StoredSnapshot;
      readonly voters: readonly Voter[];
    }
  /** The snapshot of a `verify-snapshot` was read back and is not sound. */
  | { readonly kind: "snapshot-refused"; readonly now: Milliseconds; readonly id: SnapshotId }
  /** Cut the log at the end of a listed snapshot: what lies below is not needed any more (N-5). */
  | { readonly kind: "log-cut"; readonly now: Milliseconds; readonly startOffset: Offset };
