/**
 * Where an observer of a cluster reads: the committed log, and the snapshots that stand in for its beginning. A
 * function each, so that a test can put any cluster behind them.
 */
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import type { BatchInRow } from "../../src/protocol/index.ts";
import { findReadIndex } from "../channel/read-index.ts";
import type { Bindings, KeepAlive, ScopedContext } from "../env.ts";
import type { RedactedChunk } from "./immutable-addresses.ts";
import { immutableChunk, immutableRange } from "./immutable-reads.ts";
import { readCommitted, type CommittedRange, type RangeRequest } from "./committed-log.ts";
import {
  readOffers,
  readOffersOfOne,
  readSnapshotBytes,
  type OfferedSnapshot,
  type SnapshotOffers,
} from "./snapshots.ts";

export interface LogSource {
  /** The caller's own bytes. A `Problem` OFFSET_BELOW_LOG_START where the log no longer has the range. */
  readonly range: (request: RangeRequest) => Promise<CommittedRange>;
  /** Others run the quorum: nobody here can confirm what is current, and a range says of what age it is. */
  readonly isObserved: boolean;
  /** The end of what is committed, exclusive, as a majority confirms within that time; else a `Problem`. */
  readonly readIndex: (searchMs: number) => Promise<number>;
  /** Of all, or of one controller that answers: for whom any snapshot will do from which that one's log leads on. */
  readonly offers: (of?: "all" | "one") => Promise<SnapshotOffers>;
  /** The rest of one chunk at most. Throws `SnapshotGone` where its controller has it no more. */
  readonly bytes: (snapshot: OfferedSnapshot, position: number) => Promise<Uint8Array>;
  /** What never changes, without secrets, and without a controller where a cache has it. */
  readonly immutable?: ImmutableSource;
  /** Aborted when the client has hung up for whom it is read. */
  readonly signal?: AbortSignal | undefined;
  /** Lets that request finish what others wait for. */
  readonly keepAlive?: KeepAlive | undefined;
}

/** What is undefined is not known to be committed, or not to be had here: a controller has it. */
export interface ImmutableSource {
  /** What comes from that offset up to the next boundary. */
  readonly range: (from: number) => Promise<readonly BatchInRow[] | undefined>;
  /** The whole batches of a snapshot from that byte on. */
  readonly chunk: (
    snapshot: OfferedSnapshot,
    position: number,
  ) => Promise<RedactedChunk | undefined>;
}

/** The source of the cluster that a request is about. */
export const sourceOf = ({ env, req, var: { entry } }: ScopedContext): LogSource =>
  logSource(env, entry, req.raw.signal);

export const logSource = (env: Bindings, entry: ClusterEntry, signal?: AbortSignal): LogSource => ({
  signal,
  keepAlive: env.KEEP_ALIVE,
  isObserved: entry.observed === true,
  range: (request) => readCommitted(env, entry, request),
  readIndex: async (searchMs) => (await findReadIndex(env, entry, searchMs)).read_index,
  offers: (of) => (of === "one" ? readOffersOfOne(env, entry) : readOffers(env, entry)),
  bytes: (snapshot, position) => readSnapshotBytes(env, entry, { snapshot, position }),
  immutable: {
    range: (from) => immutableRange(env, entry, from),
    chunk: (snapshot, position) => immutableChunk(env, entry, { snapshot, position }),
  },
});
