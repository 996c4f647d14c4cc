/**
 * LeaderChangeMessage, v0-v1 (KIP-595). Control record: opens an epoch, and names its leader and voters.
 * v1 directory ids (KIP-853); readers always parse v0, so v0 is what is written.
 */
import { array, int16, int32, uuid } from "../schema/field.ts";
import { message, type ValueOf } from "../schema/message.ts";

const voter = {
  voterId: int32(),
  voterDirectoryId: uuid().versions("1+"),
};

export const LeaderChangeMessage = message(
  { name: "LeaderChangeMessage", valid: "0-1", flexible: "0+" },
  {
    version: int16(),
    leaderId: int32(),
    voters: array(voter),
    grantingVoters: array(voter),
  },
);
export type LeaderChangeMessage = ValueOf<typeof LeaderChangeMessage>;
