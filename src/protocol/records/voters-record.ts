/**
 * VotersRecord, v0 (KIP-853). Control record: the set of voters, valid from the moment it is in a log.
 */
import { array, int16, int32, string, struct, uint16, uuid } from "../schema/field.ts";
import { message, type ValueOf } from "../schema/message.ts";

export const VotersRecord = message(
  { name: "VotersRecord", valid: "0", flexible: "0+" },
  {
    version: int16(),
    voters: array({
      voterId: int32(),
      voterDirectoryId: uuid(),
      endpoints: array({
        name: string(),
        host: string(),
        port: uint16(),
      }),
      kRaftVersionFeature: struct({
        minSupportedVersion: int16(),
        maxSupportedVersion: int16(),
      }),
    }),
  },
);
export type VotersRecord = ValueOf<typeof VotersRecord>;
