/**
 * SaslHandshake, v0-v1 (KIP-43). A client names the SASL mechanism it will use; the answer lists those enabled.
 * v1 the exchange then travels in SaslAuthenticate (KIP-152)
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { array, int16, string } from "../schema/field.ts";

export const SaslHandshake = api(
  { key: 17, name: "SaslHandshake", valid: "0-1", flexible: "none", framesOnly: true },
  {
    request: {
      mechanism: string(),
    },
    response: {
      errorCode: int16(),
      mechanisms: array(string()),
    },
    errorResponse: (_, { errorCode }) => ({ errorCode }),
  },
);
export type SaslHandshakeRequest = RequestOf<typeof SaslHandshake>;
export type SaslHandshakeResponse = ResponseOf<typeof SaslHandshake>;
