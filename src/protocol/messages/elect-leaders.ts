/**
 * ElectLeaders, v0-v2 (KIP-183, KIP-460). Elects leaders of partitions by hand.
 * v1 unclean elections
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { array, int16, int32, int8, string } from "../schema/field.ts";

export const ElectLeaders = api(
  { key: 43, name: "ElectLeaders", valid: "0-2", flexible: "2+", forwardable: true },
  {
    request: {
      electionType: int8().versions("1+"),
      topicPartitions: array({
        topic: string(),
        partitions: array(int32()),
      }).nullable(),
      timeoutMs: int32().default(60000),
    },
    response: {
      throttleTimeMs: int32(),
      errorCode: int16().versions("1+"),
      replicaElectionResults: array({
        topic: string(),
        partitionResult: array({
          partitionId: int32(),
          errorCode: int16(),
          errorMessage: string().nullable(),
        }),
      }),
    },
    errorResponse: ({ topicPartitions }, error, version) => ({
      // Version 0 has no code at the top.
      ...(version >= 1 ? { errorCode: error.errorCode } : {}),
      replicaElectionResults: (topicPartitions ?? []).map(({ topic, partitions }) => ({
        topic,
        partitionResult: partitions.map((partitionId) => ({ partitionId, ...error })),
      })),
    }),
  },
);
export type ElectLeadersRequest = RequestOf<typeof ElectLeaders>;
export type ElectLeadersResponse = ResponseOf<typeof ElectLeaders>;
