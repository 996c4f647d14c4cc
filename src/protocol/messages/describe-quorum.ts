/**
 * DescribeQuorum, v0-v2 (KIP-595). The leader's view of voters and observers.
 * v1 times of the last fetch (KIP-836) · v2 directory ids, endpoints, error messages (KIP-853)
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { array, int16, int32, offset, string, uint16, uuid } from "../schema/field.ts";

const replicaState = {
  replicaId: int32(),
  replicaDirectoryId: uuid().versions("2+"),
  logEndOffset: offset(),
  lastFetchTimestamp: offset().versions("1+").default(-1).ignorable(),
  lastCaughtUpTimestamp: offset().versions("1+").default(-1).ignorable(),
};

export const DescribeQuorum = api(
  {
    key: 55,
    name: "DescribeQuorum",
    valid: "0-2",
    flexible: "0+",
    forwardable: true,
    repeatable: true,
  },
  {
    request: {
      topics: array({
        topicName: string(),
        partitions: array({
          partitionIndex: int32(),
        }),
      }),
    },
    response: {
      errorCode: int16(),
      errorMessage: string().versions("2+").nullable().ignorable(),
      topics: array({
        topicName: string(),
        partitions: array({
          partitionIndex: int32(),
          errorCode: int16(),
          errorMessage: string().versions("2+").nullable().ignorable(),
          leaderId: int32(),
          leaderEpoch: int32(),
          highWatermark: offset(),
          currentVoters: array(replicaState),
          observers: array(replicaState),
        }),
      }),
      nodes: array({
        nodeId: int32(),
        listeners: array({
          name: string(),
          host: string(),
          port: uint16(),
        }),
      }).versions("2+"),
    },
    errorResponse: (_, error) => error,
  },
);
export type DescribeQuorumRequest = RequestOf<typeof DescribeQuorum>;
export type DescribeQuorumResponse = ResponseOf<typeof DescribeQuorum>;
