/**
 * DefaultPrincipalData, v0 (KIP-590). The principal inside an Envelope, as brokers with the default builder write it.
 */
import { bool, string } from "../schema/field.ts";
import { message, type ValueOf } from "../schema/message.ts";

export const DefaultPrincipalData = message(
  { name: "DefaultPrincipalData", valid: "0", flexible: "0+" },
  {
    type: string(),
    name: string(),
    tokenAuthenticated: bool(),
  },
);
export type DefaultPrincipalData = ValueOf<typeof DefaultPrincipalData>;
