/**
 * RemoveUserScramCredentialRecord, v0 (KIP-900). A user's SCRAM credential is removed.
 */
import { int8, string } from "../schema/field.ts";
import type { ValueOf } from "../schema/message.ts";
import { record } from "../schema/record.ts";

export const RemoveUserScramCredentialRecord = record(
  {
    key: 22,
    name: "RemoveUserScramCredentialRecord",
    type: "REMOVE_USER_SCRAM_CREDENTIAL_RECORD",
    valid: "0",
    flexible: "0+",
  },
  {
    name: string(),
    mechanism: int8(),
  },
);
export type RemoveUserScramCredentialRecord = ValueOf<typeof RemoveUserScramCredentialRecord>;
