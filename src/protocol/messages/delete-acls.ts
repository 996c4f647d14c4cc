/**
 * DeleteAcls, v1-v3 (KIP-140). Removes the access control entries that match any of the filters, and answers which.
 * v1 pattern types (KIP-290) · v3 user resources (KIP-373)
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { array, int16, int32, int8, string } from "../schema/field.ts";

export const DeleteAcls = api(
  { key: 31, name: "DeleteAcls", valid: "1-3", flexible: "2+", forwardable: true },
  {
    request: {
      filters: array({
        resourceTypeFilter: int8(),
        resourceNameFilter: string().nullable(),
        patternTypeFilter: int8().default(3),
        principalFilter: string().nullable(),
        hostFilter: string().nullable(),
        operation: int8(),
        permissionType: int8(),
      }),
    },
    response: {
      throttleTimeMs: int32(),
      filterResults: array({
        errorCode: int16(),
        errorMessage: string().nullable(),
        matchingAcls: array({
          errorCode: int16(),
          errorMessage: string().nullable(),
          resourceType: int8(),
          resourceName: string(),
          patternType: int8().default(3),
          principal: string(),
          host: string(),
          operation: int8(),
          permissionType: int8(),
        }),
      }),
    },
    errorResponse: ({ filters }, error) => ({ filterResults: filters.map(() => error) }),
  },
);
export type DeleteAclsRequest = RequestOf<typeof DeleteAcls>;
export type DeleteAclsResponse = ResponseOf<typeof DeleteAcls>;
