/**
 * FetchSnapshot, v0-v1 (KIP-630). A piece of a snapshot, by position.
 * v1 replica directory, leader endpoints (KIP-853)
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import {
  array,
  int16,
  int32,
  offset,
  records,
  string,
  struct,
  uint16,
  uuid,
} from "../schema/field.ts";

export const FetchSnapshot = api(
  {
    key: 59,
    name: "FetchSnapshot",
    valid: "0-1",
    flexible: "0+",
    clusterAction: true,
    framesOnly: true,
  },
  {
    request: {
      clusterId: string().tagged(0, "0+").nullable().default(null),
      replicaId: int32().default(-1),
      maxBytes: int32().default(0x7fff_ffff),
      topics: array({
        name: string(),
        partitions: array({
          partition: int32(),
          currentLeaderEpoch: int32(),
          snapshotId: struct({
            endOffset: offset(),
            epoch: int32(),
          }),
          position: offset(),
          replicaDirectoryId: uuid().tagged(0, "1+").ignorable(),
        }),
      }),
    },
    response: {
      throttleTimeMs: int32(),
      errorCode: int16(),
      topics: array({
        name: string(),
        partitions: array({
          index: int32(),
          errorCode: int16(),
          snapshotId: struct({
            endOffset: offset(),
            epoch: int32(),
          }),
          currentLeader: struct({
            leaderId: int32(),
            leaderEpoch: int32(),
          }).tagged(0, "0+"),
          size: offset(),
          position: offset(),
          unalignedRecords: records(),
        }),
      }),
      nodeEndpoints: array({
        nodeId: int32(),
        host: string(),
        port: uint16(),
      }).tagged(0, "1+"),
    },
    errorResponse: (_, { errorCode }) => ({ errorCode }),
  },
);
export type FetchSnapshotRequest = RequestOf<typeof FetchSnapshot>;
export type FetchSnapshotResponse = ResponseOf<typeof FetchSnapshot>;
