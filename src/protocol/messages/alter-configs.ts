/**
 * AlterConfigs, v0-v2 (KIP-133). Replaces the whole configuration of a resource; superseded by IncrementalAlterConfigs.
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { array, bool, int16, int32, int8, string } from "../schema/field.ts";

export const AlterConfigs = api(
  { key: 33, name: "AlterConfigs", valid: "0-2", flexible: "2+", forwardable: true },
  {
    request: {
      resources: array({
        resourceType: int8(),
        resourceName: string(),
        configs: array({
          name: string(),
          value: string().nullable(),
        }),
      }),
      validateOnly: bool(),
    },
    response: {
      throttleTimeMs: int32(),
      responses: array({
        errorCode: int16(),
        errorMessage: string().nullable(),
        resourceType: int8(),
        resourceName: string(),
      }),
    },
    errorResponse: ({ resources }, error) => ({
      responses: resources.map(({ resourceType, resourceName }) => ({
        resourceType,
        resourceName,
        ...error,
      })),
    }),
  },
);
export type AlterConfigsRequest = RequestOf<typeof AlterConfigs>;
export type AlterConfigsResponse = ResponseOf<typeof AlterConfigs>;
