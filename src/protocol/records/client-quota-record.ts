/**
 * ClientQuotaRecord, v0 (KIP-631). A quota of a client entity is set or removed.
 */
import { array, bool, float64, string } from "../schema/field.ts";
import type { ValueOf } from "../schema/message.ts";
import { record } from "../schema/record.ts";

export const ClientQuotaRecord = record(
  { key: 14, name: "ClientQuotaRecord", type: "CLIENT_QUOTA_RECORD", valid: "0", flexible: "0+" },
  {
    entity: array({
      entityType: string(),
      entityName: string().nullable(),
    }),
    key: string(),
    value: float64(),
    remove: bool(),
  },
);
export type ClientQuotaRecord = ValueOf<typeof ClientQuotaRecord>;
