/** A Fetch of the metadata log, as an observer asks it; a version leaves out what it does not know. */
import { Fetch, METADATA_TOPIC_ID, type RequestOf, type Uuid } from "../../src/protocol/index.ts";

export interface MetadataFetch {
  readonly clusterId: string | null;
  readonly replicaId: number;
  readonly directoryId?: Uuid;
  /** The leader's. */
  readonly epoch: number;
  readonly offset: number;
  /** The leader's too, unless said. */
  readonly lastFetchedEpoch?: number;
  readonly highWatermark?: bigint;
  readonly maxWaitMs: number;
  readonly maxBytes?: number;
}

export const metadataFetch = ({
  clusterId,
  replicaId,
  directoryId,
  epoch,
  offset,
  lastFetchedEpoch = epoch,
  highWatermark,
  maxWaitMs,
  maxBytes = 1_000_000,
}: MetadataFetch): RequestOf<typeof Fetch> =>
  Fetch.request.fill({
    clusterId,
    replicaState: { replicaId, replicaEpoch: -1 },
    maxWaitMs,
    minBytes: 1,
    maxBytes,
    topics: [
      {
        topicId: METADATA_TOPIC_ID,
        partitions: [
          {
            partition: 0,
            currentLeaderEpoch: epoch,
            fetchOffset: offset,
            lastFetchedEpoch,
            partitionMaxBytes: maxBytes,
            ...(directoryId === undefined ? {} : { replicaDirectoryId: directoryId }),
            ...(highWatermark === undefined ? {} : { highWatermark }),
          },
        ],
      },
    ],
  });
