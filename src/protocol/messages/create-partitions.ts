/**
 * CreatePartitions, v0-v3 (KIP-195). Raises the number of partitions of a topic.
 * v3 throttling quota (KIP-599)
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { array, bool, int16, int32, string } from "../schema/field.ts";

export const CreatePartitions = api(
  { key: 37, name: "CreatePartitions", valid: "0-3", flexible: "2+", forwardable: true },
  {
    request: {
      topics: array({
        name: string(),
        count: int32(),
        assignments: array({
          brokerIds: array(int32()),
        }).nullable(),
      }),
      timeoutMs: int32(),
      validateOnly: bool(),
    },
    response: {
      throttleTimeMs: int32(),
      results: array({
        name: string(),
        errorCode: int16(),
        errorMessage: string().nullable().default(null),
      }),
    },
    errorResponse: ({ topics }, error) => ({
      results: topics.map(({ name }) => ({ name, ...error })),
    }),
  },
);
export type CreatePartitionsRequest = RequestOf<typeof CreatePartitions>;
export type CreatePartitionsResponse = ResponseOf<typeof CreatePartitions>;
