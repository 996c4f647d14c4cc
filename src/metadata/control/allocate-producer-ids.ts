/**
 * AllocateProducerIds (KIP-730): hands a broker the next thousand producer ids. A block is never returned; one whose
 * answer is lost is lost too, and there are enough.
 */
import {
  AllocateProducerIds,
  ErrorCode,
  ProducerIdsRecord,
  type AllocateProducerIdsRequest,
  type AllocateProducerIdsResponse,
} from "../../protocol/index.ts";
import { hasBrokerEpoch } from "../image/cluster-image.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import { operation, type ControlContext, type ControlResult } from "./operation.ts";

/** Kafka's own: an hour of one broker's new producers, and small beside 2^53. */
const PRODUCER_IDS_PER_BLOCK = 1_000;

export const allocateProducerIds = operation(AllocateProducerIds, { kind: "write", run });

function run(
  view: MetadataImage,
  { brokerId, brokerEpoch }: AllocateProducerIdsRequest,
  _context: ControlContext,
): ControlResult<AllocateProducerIdsResponse> {
  if (!hasBrokerEpoch(view.cluster, brokerId, brokerEpoch)) {
    return {
      records: [],
      response: AllocateProducerIds.response.fill({ errorCode: ErrorCode.STALE_BROKER_EPOCH }),
    };
  }
  const producerIdStart = Math.max(0, view.producerIds.nextProducerId);
  const nextProducerId = producerIdStart + PRODUCER_IDS_PER_BLOCK;
  if (nextProducerId > Number.MAX_SAFE_INTEGER) {
    return {
      records: [],
      response: AllocateProducerIds.response.fill({ errorCode: ErrorCode.UNKNOWN_SERVER_ERROR }),
    };
  }
  return {
    records: [ProducerIdsRecord.of(0, { brokerId, brokerEpoch, nextProducerId })],
    response: AllocateProducerIds.response.fill({
      producerIdStart,
      producerIdLen: PRODUCER_IDS_PER_BLOCK,
    }),
  };
}
