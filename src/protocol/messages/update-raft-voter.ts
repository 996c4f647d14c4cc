/**
 * UpdateRaftVoter, v0 (KIP-853). A voter tells the leader its endpoints and the kraft.version range it supports.
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { array, int16, int32, string, struct, uint16, uuid } from "../schema/field.ts";

export const UpdateRaftVoter = api(
  { key: 82, name: "UpdateRaftVoter", valid: "0", flexible: "0+", clusterAction: true },
  {
    request: {
      clusterId: string().nullable(),
      currentLeaderEpoch: int32(),
      voterId: int32(),
      voterDirectoryId: uuid(),
      listeners: array({
        name: string(),
        host: string(),
        port: uint16(),
      }),
      kRaftVersionFeature: struct({
        minSupportedVersion: int16(),
        maxSupportedVersion: int16(),
      }),
    },
    response: {
      throttleTimeMs: int32(),
      errorCode: int16(),
      currentLeader: struct({
        leaderId: int32().default(-1),
        leaderEpoch: int32().default(-1),
        host: string(),
        port: int32(),
      }).tagged(0, "0+"),
    },
    errorResponse: (_, { errorCode }) => ({ errorCode }),
  },
);
export type UpdateRaftVoterRequest = RequestOf<typeof UpdateRaftVoter>;
export type UpdateRaftVoterResponse = ResponseOf<typeof UpdateRaftVoter>;
