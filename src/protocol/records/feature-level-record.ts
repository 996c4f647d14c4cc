/**
 * FeatureLevelRecord, v0 (KIP-778). A feature's finalized level; 0 removes it.
 */
import { int16, string } from "../schema/field.ts";
import type { ValueOf } from "../schema/message.ts";
import { record } from "../schema/record.ts";

export const FeatureLevelRecord = record(
  { key: 12, name: "FeatureLevelRecord", type: "FEATURE_LEVEL_RECORD", valid: "0", flexible: "0+" },
  {
    name: string(),
    featureLevel: int16(),
  },
);
export type FeatureLevelRecord = ValueOf<typeof FeatureLevelRecord>;
