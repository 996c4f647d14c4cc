/**
 * AlterClientQuotas, v0-v1 (KIP-546). Sets and removes quotas of client entities.
 */
import { api, type RequestOf, type ResponseOf } from "../schema/api.ts";
import { array, bool, float64, int16, int32, string } from "../schema/field.ts";

export const AlterClientQuotas = api(
  { key: 49, name: "AlterClientQuotas", valid: "0-1", flexible: "1+", forwardable: true },
  {
    request: {
      entries: array({
        entity: array({
          entityType: string(),
          entityName: string().nullable(),
        }),
        ops: array({
          key: string(),
          value: float64(),
          remove: bool(),
        }),
      }),
      validateOnly: bool(),
    },
    response: {
      throttleTimeMs: int32(),
      entries: array({
        errorCode: int16(),
        errorMessage: string().nullable(),
        entity: array({
          entityType: string(),
          entityName: string().nullable(),
        }),
      }),
    },
    errorResponse: ({ entries }, error) => ({
      entries: entries.map(({ entity }) => ({ entity, ...error })),
    }),
  },
);
export type AlterClientQuotasRequest = RequestOf<typeof AlterClientQuotas>;
export type AlterClientQuotasResponse = ResponseOf<typeof AlterClientQuotas>;
