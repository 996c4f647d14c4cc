/**
 * ProducerIdsRecord, v0 (KIP-730). The first producer id that has not been handed out.
 */
import { int32, offset } from "../schema/field.ts";
import type { ValueOf } from "../schema/message.ts";
import { record } from "../schema/record.ts";

export const ProducerIdsRecord = record(
  { key: 15, name: "ProducerIdsRecord", type: "PRODUCER_IDS_RECORD", valid: "0", flexible: "0+" },
  {
    brokerId: int32(),
    brokerEpoch: offset().default(-1),
    nextProducerId: offset(),
  },
);
export type ProducerIdsRecord = ValueOf<typeof ProducerIdsRecord>;
