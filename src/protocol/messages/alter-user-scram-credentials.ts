/**
 * AlterUserScramCredentials, v0 (KIP-554). Upserts and deletes users' SCRAM credentials.
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { array, bytes, int16, int32, int8, string } from "../schema/field.ts";

export const AlterUserScramCredentials = api(
  { key: 51, name: "AlterUserScramCredentials", valid: "0", flexible: "0+", forwardable: true },
  {
    request: {
      deletions: array({
        name: string(),
        mechanism: int8(),
      }),
      upsertions: array({
        name: string(),
        mechanism: int8(),
        iterations: int32(),
        salt: bytes(),
        saltedPassword: bytes(),
      }),
    },
    response: {
      throttleTimeMs: int32(),
      results: array({
        user: string(),
        errorCode: int16(),
        errorMessage: string().nullable(),
      }),
    },
    errorResponse: ({ deletions, upsertions }, error) => {
      // One result for each user, however often the request names it.
      const users = new Set([...deletions, ...upsertions].map(({ name }) => name));
      return { results: Array.from(users, (user) => ({ user, ...error })) };
    },
  },
);
export type AlterUserScramCredentialsRequest = RequestOf<typeof AlterUserScramCredentials>;
export type AlterUserScramCredentialsResponse = ResponseOf<typeof AlterUserScramCredentials>;
