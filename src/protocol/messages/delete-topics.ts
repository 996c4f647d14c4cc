/**
 * DeleteTopics, v1-v6 (KIP-4). Deletes topics, by name or by id.
 * v1 throttle time · v5 error messages, throttling quota (KIP-599) · v6 topic ids (KIP-516)
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { array, int16, int32, string, uuid } from "../schema/field.ts";

export const DeleteTopics = api(
  { key: 20, name: "DeleteTopics", valid: "1-6", flexible: "4+", forwardable: true },
  {
    request: {
      topics: array({
        name: string().nullable().default(null),
        topicId: uuid(),
      }).versions("6+"),
      topicNames: array(string()).versions("0-5").ignorable(),
      timeoutMs: int32(),
    },
    response: {
      throttleTimeMs: int32(),
      responses: array({
        name: string().nullable("6+"),
        topicId: uuid().versions("6+").ignorable(),
        errorCode: int16(),
        errorMessage: string().versions("5+").nullable().default(null).ignorable(),
      }),
    },
    errorResponse: ({ topics, topicNames }, error) => ({
      responses: [
        ...topics.map(({ name, topicId }) => ({ name, topicId, ...error })),
        ...topicNames.map((name) => ({ name, ...error })),
      ],
    }),
  },
);
export type DeleteTopicsRequest = RequestOf<typeof DeleteTopics>;
export type DeleteTopicsResponse = ResponseOf<typeof DeleteTopics>;
