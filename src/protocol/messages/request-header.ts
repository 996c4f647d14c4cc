/**
 * RequestHeader, v1-v2. What comes before the body of every request; v2 in flexible versions of an API (KIP-482).
 * The client id keeps its int16 length in v2, so that the header can be read before the version is understood.
 */
import { int16, int32, legacyString } from "../schema/field.ts";
import { message, type ValueOf } from "../schema/message.ts";

export const RequestHeader = message(
  { name: "RequestHeader", valid: "1-2", flexible: "2+" },
  {
    requestApiKey: int16(),
    requestApiVersion: int16(),
    correlationId: int32(),
    clientId: legacyString().nullable(),
  },
);
export type RequestHeader = ValueOf<typeof RequestHeader>;
