/**
 * DescribeConfigs, v1-v4 (KIP-133). The configuration of resources, with where each value comes from.
 * v1 synonyms (KIP-226) · v3 types and documentation (KIP-569)
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { array, bool, int16, int32, int8, string } from "../schema/field.ts";

export const DescribeConfigs = api(
  { key: 32, name: "DescribeConfigs", valid: "1-4", flexible: "4+", repeatable: true },
  {
    request: {
      resources: array({
        resourceType: int8(),
        resourceName: string(),
        configurationKeys: array(string()).nullable(),
      }),
      includeSynonyms: bool().default(false),
      includeDocumentation: bool().versions("3+").default(false),
    },
    response: {
      throttleTimeMs: int32(),
      results: array({
        errorCode: int16(),
        errorMessage: string().nullable(),
        resourceType: int8(),
        resourceName: string(),
        configs: array({
          name: string(),
          value: string().nullable(),
          readOnly: bool(),
          configSource: int8().default(-1),
          isSensitive: bool(),
          synonyms: array({
            name: string(),
            value: string().nullable(),
            source: int8(),
          }),
          configType: int8().versions("3+").default(0).ignorable(),
          documentation: string().versions("3+").nullable().ignorable(),
        }),
      }),
    },
    errorResponse: ({ resources }, error) => ({
      results: resources.map(({ resourceType, resourceName }) => ({
        resourceType,
        resourceName,
        ...error,
      })),
    }),
  },
);
export type DescribeConfigsRequest = RequestOf<typeof DescribeConfigs>;
export type DescribeConfigsResponse = ResponseOf<typeof DescribeConfigs>;
