/**
 * The first producer id that has not been given away (KIP-730); -1 while no block has been.
 */
import { assert } from "../../std/assert.ts";
import type { ProducerIdsRecord } from "../../protocol/index.ts";

export interface ProducerIdsImage {
  readonly nextProducerId: number;
}

export const NO_PRODUCER_IDS: ProducerIdsImage = { nextProducerId: -1 };

/** Blocks are never returned, so the number only grows. */
export function withProducerIds(
  { nextProducerId }: ProducerIdsImage,
  record: ProducerIdsRecord,
): ProducerIdsImage {
  assert(
    record.nextProducerId > nextProducerId,
    `producer ids go on from ${record.nextProducerId} but ${nextProducerId} were given away`,
  );
  return { nextProducerId: record.nextProducerId };
}
