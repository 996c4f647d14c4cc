/**
 * EndQuorumEpoch, v0-v1 (KIP-595). A leader resigns and says who should follow.
 * v1 candidates by id and directory, leader endpoints (KIP-853)
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { array, int16, int32, string, uint16, uuid } from "../schema/field.ts";

export const EndQuorumEpoch = api(
  {
    key: 54,
    name: "EndQuorumEpoch",
    valid: "0-1",
    flexible: "1+",
    clusterAction: true,
    framesOnly: true,
  },
  {
    request: {
      clusterId: string().nullable().default(null),
      topics: array({
        topicName: string(),
        partitions: array({
          partitionIndex: int32(),
          leaderId: int32(),
          leaderEpoch: int32(),
          preferredSuccessors: array(int32()).versions("0").ignorable(),
          preferredCandidates: array({
            candidateId: int32(),
            candidateDirectoryId: uuid(),
          })
            .versions("1+")
            .ignorable(),
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
export type EndQuorumEpochRequest = RequestOf<typeof EndQuorumEpoch>;
export type EndQuorumEpochResponse = ResponseOf<typeof EndQuorumEpoch>;
