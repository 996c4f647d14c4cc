/**
 * KRaftVersionRecord, v0 (KIP-853). Control record: the finalized kraft.version.
 */
import { int16 } from "../schema/field.ts";
import { message, type ValueOf } from "../schema/message.ts";

export const KRaftVersionRecord = message(
  { name: "KRaftVersionRecord", valid: "0", flexible: "0+" },
  {
    version: int16(),
    kRaftVersion: int16(),
  },
);
export type KRaftVersionRecord = ValueOf<typeof KRaftVersionRecord>;
