/**
 * AddRaftVoter, v0-v1 (KIP-853). Adds a voter to the quorum.
 * v1 the answer may come before the commit (KIP-1186)
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { array, bool, int16, int32, string, uint16, uuid } from "../schema/field.ts";

export const AddRaftVoter = api(
  { key: 80, name: "AddRaftVoter", valid: "0-1", flexible: "0+", forwardable: true },
  {
    request: {
      clusterId: string().nullable(),
      timeoutMs: int32(),
      voterId: int32(),
      voterDirectoryId: uuid(),
      listeners: array({
        name: string(),
        host: string(),
        port: uint16(),
      }),
      ackWhenCommitted: bool().versions("1+").default(true),
    },
    response: {
      throttleTimeMs: int32(),
      errorCode: int16(),
      errorMessage: string().nullable(),
    },
    errorResponse: (_, error) => error,
  },
);
export type AddRaftVoterRequest = RequestOf<typeof AddRaftVoter>;
export type AddRaftVoterResponse = ResponseOf<typeof AddRaftVoter>;
