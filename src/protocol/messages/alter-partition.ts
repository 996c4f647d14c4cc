/**
 * AlterPartition, v2-v3 (KIP-497). The leader of partitions proposes a new ISR.
 * v2 topic ids (KIP-841) · v3 the ISR with broker epochs (KIP-903)
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { array, int16, int32, int8, offset, uuid } from "../schema/field.ts";

export const AlterPartition = api(
  { key: 56, name: "AlterPartition", valid: "2-3", flexible: "0+", clusterAction: true },
  {
    request: {
      brokerId: int32(),
      brokerEpoch: offset().default(-1),
      topics: array({
        topicId: uuid(),
        partitions: array({
          partitionIndex: int32(),
          leaderEpoch: int32(),
          newIsr: array(int32()).versions("0-2"),
          newIsrWithEpochs: array({
            brokerId: int32(),
            brokerEpoch: offset().default(-1),
          }).versions("3+"),
          leaderRecoveryState: int8().default(0),
          partitionEpoch: int32(),
        }),
      }),
    },
    response: {
      throttleTimeMs: int32(),
      errorCode: int16(),
      topics: array({
        topicId: uuid(),
        partitions: array({
          partitionIndex: int32(),
          errorCode: int16(),
          leaderId: int32(),
          leaderEpoch: int32(),
          isr: array(int32()),
          leaderRecoveryState: int8().default(0),
          partitionEpoch: int32(),
        }),
      }),
    },
    errorResponse: (_, { errorCode }) => ({ errorCode }),
  },
);
export type AlterPartitionRequest = RequestOf<typeof AlterPartition>;
export type AlterPartitionResponse = ResponseOf<typeof AlterPartition>;
