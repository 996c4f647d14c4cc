/**
 * CreateTopics, v2-v7 (KIP-4). Creates topics, by counts or by explicit assignment.
 * v4 default counts as -1 (KIP-464) · v5 the answer tells counts and configs (KIP-525) · v6 throttling quota (KIP-599) · v7 topic ids (KIP-516)
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { array, bool, int16, int32, int8, string, uuid } from "../schema/field.ts";

export const CreateTopics = api(
  { key: 19, name: "CreateTopics", valid: "2-7", flexible: "5+", forwardable: true },
  {
    request: {
      topics: array({
        name: string(),
        numPartitions: int32(),
        replicationFactor: int16(),
        assignments: array({
          partitionIndex: int32(),
          brokerIds: array(int32()),
        }),
        configs: array({
          name: string(),
          value: string().nullable(),
        }),
      }),
      timeoutMs: int32().default(60000),
      validateOnly: bool().default(false),
    },
    response: {
      throttleTimeMs: int32(),
      topics: array({
        name: string(),
        topicId: uuid().versions("7+").ignorable(),
        errorCode: int16(),
        errorMessage: string().nullable(),
        topicConfigErrorCode: int16().tagged(0, "5+").ignorable(),
        numPartitions: int32().versions("5+").default(-1).ignorable(),
        replicationFactor: int16().versions("5+").default(-1).ignorable(),
        configs: array({
          name: string(),
          value: string().nullable(),
          readOnly: bool(),
          configSource: int8().default(-1).ignorable(),
          isSensitive: bool(),
        })
          .versions("5+")
          .nullable()
          .ignorable(),
      }),
    },
    errorResponse: ({ topics }, error) => ({
      topics: topics.map(({ name }) => ({ name, ...error })),
    }),
  },
);
export type CreateTopicsRequest = RequestOf<typeof CreateTopics>;
export type CreateTopicsResponse = ResponseOf<typeof CreateTopics>;
