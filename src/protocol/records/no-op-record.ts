/**
 * NoOpRecord, v0 (KIP-835). Says nothing; moves the end of the log, so that its age can be seen.
 */
import type { ValueOf } from "../schema/message.ts";
import { record } from "../schema/record.ts";

export const NoOpRecord = record(
  { key: 20, name: "NoOpRecord", type: "NO_OP_RECORD", valid: "0", flexible: "0+" },
  {},
);
export type NoOpRecord = ValueOf<typeof NoOpRecord>;
