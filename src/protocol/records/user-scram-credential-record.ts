/**
 * UserScramCredentialRecord, v0 (KIP-900). A user's SCRAM credential is set.
 */
import { bytes, int32, int8, string } from "../schema/field.ts";
import type { ValueOf } from "../schema/message.ts";
import { record } from "../schema/record.ts";

export const UserScramCredentialRecord = record(
  {
    key: 11,
    name: "UserScramCredentialRecord",
    type: "USER_SCRAM_CREDENTIAL_RECORD",
    valid: "0",
    flexible: "0+",
  },
  {
    name: string(),
    mechanism: int8(),
    salt: bytes(),
    storedKey: bytes(),
    serverKey: bytes(),
    iterations: int32(),
  },
);
export type UserScramCredentialRecord = ValueOf<typeof UserScramCredentialRecord>;
