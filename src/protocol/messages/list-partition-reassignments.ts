/**
 * ListPartitionReassignments, v0 (KIP-455). The moves in progress.
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { array, int16, int32, string } from "../schema/field.ts";

export const ListPartitionReassignments = api(
  {
    key: 46,
    name: "ListPartitionReassignments",
    valid: "0",
    flexible: "0+",
    forwardable: true,
    repeatable: true,
  },
  {
    request: {
      timeoutMs: int32().default(60000),
      topics: array({
        name: string(),
        partitionIndexes: array(int32()),
      })
        .nullable()
        .default(null),
    },
    response: {
      throttleTimeMs: int32(),
      errorCode: int16(),
      errorMessage: string().nullable(),
      topics: array({
        name: string(),
        partitions: array({
          partitionIndex: int32(),
          replicas: array(int32()),
          addingReplicas: array(int32()),
          removingReplicas: array(int32()),
        }),
      }),
    },
    errorResponse: ({ topics }, error) => ({
      ...error,
      topics: (topics ?? []).map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((partitionIndex) => ({ partitionIndex })),
      })),
    }),
  },
);
export type ListPartitionReassignmentsRequest = RequestOf<typeof ListPartitionReassignments>;
export type ListPartitionReassignmentsResponse = ResponseOf<typeof ListPartitionReassignments>;
