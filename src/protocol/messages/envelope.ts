/**
 * Envelope, v0 (KIP-590). A broker forwards a client's request, with the principal it authenticated.
 * The data inside are whole frames, headers included, without a size in front.
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { bytes, int16 } from "../schema/field.ts";

export const Envelope = api(
  { key: 58, name: "Envelope", valid: "0", flexible: "0+", clusterAction: true, framesOnly: true },
  {
    request: {
      requestData: bytes(),
      requestPrincipal: bytes().nullable(),
      clientHostAddress: bytes(),
    },
    response: {
      responseData: bytes().nullable().default(null),
      errorCode: int16(),
    },
    errorResponse: (_, { errorCode }) => ({ errorCode }),
  },
);
export type EnvelopeRequest = RequestOf<typeof Envelope>;
export type EnvelopeResponse = ResponseOf<typeof Envelope>;
