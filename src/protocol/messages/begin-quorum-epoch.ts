/**
 * BeginQuorumEpoch, v0-v1 (KIP-595). A new leader makes itself known to a voter.
 * v1 directory ids, leader endpoints (KIP-853)
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { array, int16, int32, offset, PRIVATE_TAG, string, uint16, uuid } from "../schema/field.ts";

export const BeginQuorumEpoch = api(
  {
    key: 53,
    name: "BeginQuorumEpoch",
    valid: "0-1",
    flexible: "1+",
    clusterAction: true,
    framesOnly: true,
  },
  {
    request: {
      clusterId: string().nullable().default(null),
      voterId: int32().versions("1+").default(-1).ignorable(),
      topics: array({
        topicName: string(),
        partitions: array({
          partitionIndex: int32(),
          voterDirectoryId: uuid().versions("1+").ignorable(),
          leaderId: int32(),
          leaderEpoch: int32(),
          asleepAt: offset().tagged(PRIVATE_TAG, "1+").default(-1).ignorable(),
        }),
      }),
      leaderEndpoints: array({
        name: string(),
        host: string(),
        port: uint16(),
      })
        .versions("1+")
        .ignorable(),
    },
    response: {
      errorCode: int16(),
      topics: array({
        topicName: string(),
        partitions: array({
          partitionIndex: int32(),
          errorCode: int16(),
          leaderId: int32(),
          leaderEpoch: int32(),
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
export type BeginQuorumEpochRequest = RequestOf<typeof BeginQuorumEpoch>;
export type BeginQuorumEpochResponse = ResponseOf<typeof BeginQuorumEpoch>;
