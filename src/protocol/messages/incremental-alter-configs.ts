/**
 * IncrementalAlterConfigs, v0-v1 (KIP-339). Sets, deletes, appends to and subtracts from single configuration keys.
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { array, bool, int16, int32, int8, string } from "../schema/field.ts";

export const IncrementalAlterConfigs = api(
  { key: 44, name: "IncrementalAlterConfigs", valid: "0-1", flexible: "1+", forwardable: true },
  {
    request: {
      resources: array({
        resourceType: int8(),
        resourceName: string(),
        configs: array({
          name: string(),
          configOperation: int8(),
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
export type IncrementalAlterConfigsRequest = RequestOf<typeof IncrementalAlterConfigs>;
export type IncrementalAlterConfigsResponse = ResponseOf<typeof IncrementalAlterConfigs>;
