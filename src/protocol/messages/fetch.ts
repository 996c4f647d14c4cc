/**
 * Fetch, v4-v18 (KIP-595). A replica reads the log from the leader; on the metadata partition the fetch offset is also
 * its acknowledgement. Before v12 topics have names only and nothing diverges.
 * v4 isolation level · v5 log start offset · v7 sessions (KIP-227) · v9 current leader epoch (KIP-320) · v11 rack (KIP-392)
 * v12 cluster id, last fetched epoch, divergence, snapshot ids (KIP-595, KIP-630) · v13 topic ids (KIP-516)
 * v15 replica state (KIP-903) · v16 leader endpoints (KIP-951) · v17 replica directory (KIP-853) · v18 high watermark (KIP-1166)
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import {
  array,
  bool,
  int16,
  int32,
  int64,
  int8,
  offset,
  PRIVATE_TAG,
  records,
  string,
  struct,
  uuid,
} from "../schema/field.ts";

export const Fetch = api(
  { key: 1, name: "Fetch", valid: "4-18", flexible: "12+", clusterAction: true, framesOnly: true },
  {
    request: {
      clusterId: string().tagged(0, "12+").nullable().default(null).ignorable(),
      replicaId: int32().versions("0-14").default(-1),
      replicaState: struct({
        replicaId: int32().default(-1),
        replicaEpoch: offset().default(-1),
      }).tagged(1, "15+"),
      maxWaitMs: int32(),
      minBytes: int32(),
      maxBytes: int32().default(0x7fff_ffff),
      isolationLevel: int8().default(0),
      sessionId: int32().versions("7+").default(0).ignorable(),
      sessionEpoch: int32().versions("7+").default(-1).ignorable(),
      topics: array({
        topic: string().versions("0-12").ignorable(),
        topicId: uuid().versions("13+").ignorable(),
        partitions: array({
          partition: int32(),
          currentLeaderEpoch: int32().versions("9+").default(-1).ignorable(),
          fetchOffset: offset(),
          lastFetchedEpoch: int32().versions("12+").default(-1),
          logStartOffset: offset().versions("5+").default(-1).ignorable(),
          partitionMaxBytes: int32(),
          replicaDirectoryId: uuid().tagged(0, "17+").ignorable(),
          highWatermark: int64().tagged(1, "18+").default(0x7fff_ffff_ffff_ffffn).ignorable(),
          maySleep: bool().tagged(PRIVATE_TAG, "18+").default(false).ignorable(),
        }),
      }),
      forgottenTopicsData: array({
        topic: string().versions("7-12").ignorable(),
        topicId: uuid().versions("13+").ignorable(),
        partitions: array(int32()),
      }).versions("7+"),
      rackId: string().versions("11+").default("").ignorable(),
    },
    response: {
      throttleTimeMs: int32(),
      errorCode: int16().versions("7+").ignorable(),
      sessionId: int32().versions("7+").default(0),
      responses: array({
        topic: string().versions("0-12").ignorable(),
        topicId: uuid().versions("13+").ignorable(),
        partitions: array({
          partitionIndex: int32(),
          errorCode: int16(),
          highWatermark: offset(),
          lastStableOffset: offset().default(-1),
          logStartOffset: offset().versions("5+").default(-1).ignorable(),
          divergingEpoch: struct({
            epoch: int32().default(-1),
            endOffset: offset().default(-1),
          }).tagged(0, "12+"),
          currentLeader: struct({
            leaderId: int32().default(-1),
            leaderEpoch: int32().default(-1),
          }).tagged(1, "12+"),
          snapshotId: struct({
            endOffset: offset().default(-1),
            epoch: int32().default(-1),
          }).tagged(2, "12+"),
          abortedTransactions: array({
            producerId: offset(),
            firstOffset: offset(),
          }).nullable(),
          asleepAt: offset().tagged(PRIVATE_TAG, "18+").default(-1).ignorable(),
          preferredReadReplica: int32().versions("11+").default(-1),
          records: records().nullable(),
        }),
      }),
      nodeEndpoints: array({
        nodeId: int32(),
        host: string(),
        port: int32(),
        rack: string().nullable().default(null),
      }).tagged(0, "16+"),
    },
    errorResponse: ({ sessionId, topics }, { errorCode }, version) => ({
      errorCode,
      sessionId,
      // Before v7 there is no code at the top; Kafka answers in every partition up to v12.
      responses:
        version >= 13
          ? []
          : topics.map(({ topic, partitions }) => ({
              topic,
              partitions: partitions.map(({ partition }) => ({
                partitionIndex: partition,
                errorCode,
                highWatermark: -1,
              })),
            })),
    }),
  },
);
export type FetchRequest = RequestOf<typeof Fetch>;
export type FetchResponse = ResponseOf<typeof Fetch>;
