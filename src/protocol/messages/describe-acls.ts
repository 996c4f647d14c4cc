/**
 * DescribeAcls, v1-v3 (KIP-140). Lists access control entries that match a filter.
 * v1 pattern types (KIP-290) · v3 user resources (KIP-373)
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { array, int16, int32, int8, string } from "../schema/field.ts";

export const DescribeAcls = api(
  { key: 29, name: "DescribeAcls", valid: "1-3", flexible: "2+", repeatable: true },
  {
    request: {
      resourceTypeFilter: int8(),
      resourceNameFilter: string().nullable(),
      patternTypeFilter: int8().default(3),
      principalFilter: string().nullable(),
      hostFilter: string().nullable(),
      operation: int8(),
      permissionType: int8(),
    },
    response: {
      throttleTimeMs: int32(),
      errorCode: int16(),
      errorMessage: string().nullable(),
      resources: array({
        resourceType: int8(),
        resourceName: string(),
        patternType: int8().default(3),
        acls: array({
          principal: string(),
          host: string(),
          operation: int8(),
          permissionType: int8(),
        }),
      }),
    },
    errorResponse: (_, error) => error,
  },
);
export type DescribeAclsRequest = RequestOf<typeof DescribeAcls>;
export type DescribeAclsResponse = ResponseOf<typeof DescribeAcls>;
