/**
 * UnregisterController, v0 (KIP-1312). Forgets a controller that votes no more.
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { int16, int32, string } from "../schema/field.ts";

export const UnregisterController = api(
  { key: 94, name: "UnregisterController", valid: "0", flexible: "0+", forwardable: true },
  {
    request: {
      controllerId: int32(),
    },
    response: {
      throttleTimeMs: int32(),
      errorCode: int16(),
      errorMessage: string().nullable(),
    },
    errorResponse: (_, error) => error,
  },
);
export type UnregisterControllerRequest = RequestOf<typeof UnregisterController>;
export type UnregisterControllerResponse = ResponseOf<typeof UnregisterController>;
