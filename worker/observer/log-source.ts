/**
 * Where an observer of a cluster reads: the committed log, and the snapshots that stand in for its beginning. A
 * function each, so that a test can put any cluster behind them.
 */
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import { findReadIndex } from "../channel/read-index.ts";
import type { Bindings } from "../env.ts";
import { readCommitted, type CommittedRange, type RangeRequest } from "./committed-log.ts";
import {
  readOffers,
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
  readonly offers: () => Promise<SnapshotOffers>;
  /** The rest of one chunk at most. Throws `SnapshotGone` where its controller has it no more. */
  readonly bytes: (snapshot: OfferedSnapshot, position: number) => Promise<Uint8Array>;
}

export const logSource = (env: Bindings, entry: ClusterEntry): LogSource => ({
  isObserved: entry.observed === true,
  range: (request) => readCommitted(env, entry, request),
  readIndex: async (searchMs) => (await findReadIndex(env, entry, searchMs)).read_index,
  offers: () => readOffers(env, entry),
  bytes: (snapshot, position) => readSnapshotBytes(env, entry, { snapshot, position }),
});
