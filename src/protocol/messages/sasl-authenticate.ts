/**
 * SaslAuthenticate, v0-v2 (KIP-152). One step of a SASL exchange.
 * v1 session lifetime (KIP-368)
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { bytes, int16, offset, string } from "../schema/field.ts";

export const SaslAuthenticate = api(
  { key: 36, name: "SaslAuthenticate", valid: "0-2", flexible: "2+", framesOnly: true },
  {
    request: {
      authBytes: bytes(),
    },
    response: {
      errorCode: int16(),
      errorMessage: string().nullable(),
      authBytes: bytes(),
      sessionLifetimeMs: offset().versions("1+").default(0).ignorable(),
    },
    errorResponse: (_, error) => error,
  },
);
export type SaslAuthenticateRequest = RequestOf<typeof SaslAuthenticate>;
export type SaslAuthenticateResponse = ResponseOf<typeof SaslAuthenticate>;
