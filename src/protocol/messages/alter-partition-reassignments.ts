/**
 * AlterPartitionReassignments, v0-v1 (KIP-455). Starts, replaces or cancels the move of partitions to other replicas.
 * v1 the replication factor may be held fixed (KIP-860)
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { array, bool, int16, int32, string } from "../schema/field.ts";

export const AlterPartitionReassignments = api(
  { key: 45, name: "AlterPartitionReassignments", valid: "0-1", flexible: "0+", forwardable: true },
  {
    request: {
      timeoutMs: int32().default(60000),
      allowReplicationFactorChange: bool().versions("1+").default(true),
      topics: array({
        name: string(),
        partitions: array({
          partitionIndex: int32(),
          replicas: array(int32()).nullable().default(null),
        }),
      }),
    },
    response: {
      throttleTimeMs: int32(),
      allowReplicationFactorChange: bool().versions("1+").default(true).ignorable(),
      errorCode: int16(),
      errorMessage: string().nullable(),
      responses: array({
        name: string(),
        partitions: array({
          partitionIndex: int32(),
          errorCode: int16(),
          errorMessage: string().nullable(),
        }),
      }),
    },
    errorResponse: ({ topics }, error) => ({
      ...error,
      responses: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, ...error })),
      })),
    }),
  },
);
export type AlterPartitionReassignmentsRequest = RequestOf<typeof AlterPartitionReassignments>;
export type AlterPartitionReassignmentsResponse = ResponseOf<typeof AlterPartitionReassignments>;
