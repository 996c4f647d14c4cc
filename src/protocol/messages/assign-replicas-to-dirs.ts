/**
 * AssignReplicasToDirs, v0 (KIP-858). A broker tells in which of its log directories replicas lie.
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { array, int16, int32, offset, uuid } from "../schema/field.ts";

export const AssignReplicasToDirs = api(
  { key: 73, name: "AssignReplicasToDirs", valid: "0", flexible: "0+", clusterAction: true },
  {
    request: {
      brokerId: int32(),
      brokerEpoch: offset().default(-1),
      directories: array({
        id: uuid(),
        topics: array({
          topicId: uuid(),
          partitions: array({
            partitionIndex: int32(),
          }),
        }),
      }),
    },
    response: {
      throttleTimeMs: int32(),
      errorCode: int16(),
      directories: array({
        id: uuid(),
        topics: array({
          topicId: uuid(),
          partitions: array({
            partitionIndex: int32(),
            errorCode: int16(),
          }),
        }),
      }),
    },
    errorResponse: (_, { errorCode }) => ({ errorCode }),
  },
);
export type AssignReplicasToDirsRequest = RequestOf<typeof AssignReplicasToDirs>;
export type AssignReplicasToDirsResponse = ResponseOf<typeof AssignReplicasToDirs>;
