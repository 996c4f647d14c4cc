/**
 * ResponseHeader, v0-v1. What comes before the body of every response; v1 in flexible versions of an API (KIP-482),
 * except ApiVersions, whose response always has v0.
 */
import { int32 } from "../schema/field.ts";
import { message, type ValueOf } from "../schema/message.ts";

export const ResponseHeader = message(
  { name: "ResponseHeader", valid: "0-1", flexible: "1+" },
  {
    correlationId: int32(),
  },
);
export type ResponseHeader = ValueOf<typeof ResponseHeader>;
