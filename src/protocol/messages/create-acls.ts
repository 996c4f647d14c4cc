/**
 * CreateAcls, v1-v3 (KIP-140). Adds access control entries.
 * v1 pattern types (KIP-290) · v3 user resources (KIP-373)
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { array, int16, int32, int8, string } from "../schema/field.ts";

export const CreateAcls = api(
  { key: 30, name: "CreateAcls", valid: "1-3", flexible: "2+", forwardable: true },
  {
    request: {
      creations: array({
        resourceType: int8(),
        resourceName: string(),
        resourcePatternType: int8().default(3),
        principal: string(),
        host: string(),
        operation: int8(),
        permissionType: int8(),
      }),
    },
    response: {
      throttleTimeMs: int32(),
      results: array({
        errorCode: int16(),
        errorMessage: string().nullable(),
      }),
    },
    errorResponse: ({ creations }, error) => ({ results: creations.map(() => error) }),
  },
);
export type CreateAclsRequest = RequestOf<typeof CreateAcls>;
export type CreateAclsResponse = ResponseOf<typeof CreateAcls>;
