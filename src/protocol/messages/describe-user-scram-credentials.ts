/**
 * DescribeUserScramCredentials, v0 (KIP-554). The mechanisms and iterations of users' credentials, never the credentials.
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { array, int16, int32, int8, string } from "../schema/field.ts";

export const DescribeUserScramCredentials = api(
  { key: 50, name: "DescribeUserScramCredentials", valid: "0", flexible: "0+", repeatable: true },
  {
    request: {
      users: array({
        name: string(),
      }).nullable(),
    },
    response: {
      throttleTimeMs: int32(),
      errorCode: int16(),
      errorMessage: string().nullable(),
      results: array({
        user: string(),
        errorCode: int16(),
        errorMessage: string().nullable(),
        credentialInfos: array({
          mechanism: int8(),
          iterations: int32(),
        }),
      }),
    },
    errorResponse: ({ users }, error) => ({
      ...error,
      results: (users ?? []).map(({ name }) => ({ user: name, ...error })),
    }),
  },
);
export type DescribeUserScramCredentialsRequest = RequestOf<typeof DescribeUserScramCredentials>;
export type DescribeUserScramCredentialsResponse = ResponseOf<typeof DescribeUserScramCredentials>;
