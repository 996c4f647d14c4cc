/**
 * RemoveRaftVoter, v0 (KIP-853). Removes a voter from the quorum.
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { int16, int32, string, uuid } from "../schema/field.ts";

export const RemoveRaftVoter = api(
  { key: 81, name: "RemoveRaftVoter", valid: "0", flexible: "0+", forwardable: true },
  {
    request: {
      clusterId: string().nullable(),
      voterId: int32(),
      voterDirectoryId: uuid(),
    },
    response: {
      throttleTimeMs: int32(),
      errorCode: int16(),
      errorMessage: string().nullable(),
    },
    errorResponse: (_, error) => error,
  },
);
export type RemoveRaftVoterRequest = RequestOf<typeof RemoveRaftVoter>;
export type RemoveRaftVoterResponse = ResponseOf<typeof RemoveRaftVoter>;
