/**
 * Vote, v0-v2 (KIP-595). A candidate asks a voter for its vote.
 * v1 voters are known by id and directory (KIP-853) · v2 pre-vote (KIP-996)
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { array, bool, int16, int32, offset, string, uint16, uuid } from "../schema/field.ts";

export const Vote = api(
  { key: 52, name: "Vote", valid: "0-2", flexible: "0+", clusterAction: true, framesOnly: true },
  {
    request: {
      clusterId: string().nullable().default(null),
      voterId: int32().versions("1+").default(-1).ignorable(),
      topics: array({
        topicName: string(),
        partitions: array({
          partitionIndex: int32(),
          replicaEpoch: int32(),
          replicaId: int32(),
          replicaDirectoryId: uuid().versions("1+").ignorable(),
          voterDirectoryId: uuid().versions("1+").ignorable(),
          lastOffsetEpoch: int32(),
          lastOffset: offset(),
          preVote: bool().versions("2+"),
        }),
      }),
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
          voteGranted: bool(),
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
export type VoteRequest = RequestOf<typeof Vote>;
export type VoteResponse = ResponseOf<typeof Vote>;
