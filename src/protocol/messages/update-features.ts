/**
 * UpdateFeatures, v0-v2 (KIP-584). Raises or lowers finalized feature levels.
 * v1 upgrade types, validation only (KIP-778) · v2 no results by feature (KIP-1022)
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { array, bool, int16, int32, int8, string } from "../schema/field.ts";

export const UpdateFeatures = api(
  { key: 57, name: "UpdateFeatures", valid: "0-2", flexible: "0+", forwardable: true },
  {
    request: {
      timeoutMs: int32().default(60000),
      featureUpdates: array({
        feature: string(),
        maxVersionLevel: int16(),
        allowDowngrade: bool().versions("0"),
        upgradeType: int8().versions("1+").default(1),
      }),
      validateOnly: bool().versions("1+").default(false),
    },
    response: {
      throttleTimeMs: int32(),
      errorCode: int16(),
      errorMessage: string().nullable(),
      results: array({
        feature: string(),
        errorCode: int16(),
        errorMessage: string().nullable(),
      })
        .versions("0-1")
        .ignorable(),
    },
    errorResponse: (_, error) => error,
  },
);
export type UpdateFeaturesRequest = RequestOf<typeof UpdateFeatures>;
export type UpdateFeaturesResponse = ResponseOf<typeof UpdateFeatures>;
