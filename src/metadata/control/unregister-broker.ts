/**
 * UnregisterBroker (KIP-631): an operator declares that a broker will not come back. Its partitions let go of it, its
 * registration ends, and with it the trust in whatever it may still hold on disk. Replicas stay assigned to it.
 */
import {
  ErrorCode,
  UnregisterBroker,
  UnregisterBrokerRecord,
  type UnregisterBrokerRequest,
  type UnregisterBrokerResponse,
} from "../../protocol/index.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import { withoutContact } from "../liveness/broker-heartbeats.ts";
import { BoundedBatch } from "./batch-bound.ts";
import { departureRecords } from "./broker-departure.ts";
import { operation, type ControlContext, type ControlResult } from "./operation.ts";

export const unregisterBroker = operation(UnregisterBroker, { kind: "write", run });

function run(
  view: MetadataImage,
  { brokerId }: UnregisterBrokerRequest,
  context: ControlContext,
): ControlResult<UnregisterBrokerResponse> {
  const broker = view.cluster.brokers.get(brokerId);
  if (broker === undefined) {
    const errorCode = ErrorCode.BROKER_ID_NOT_REGISTERED;
    const errorMessage = `Broker ID ${brokerId} is not currently registered`;
    return { records: [], response: UnregisterBroker.response.fill({ errorCode, errorMessage }) };
  }
  // A broker that is gone for good is no eligible leader either, which an ordinary departure would make of it.
  const kind = "unclean-shutdown";
  const last = UnregisterBrokerRecord.of(0, { brokerId, brokerEpoch: broker.epoch });
  const batch = new BoundedBatch();
  if (!batch.take(departureRecords(view, { kind, brokerId }, last))) {
    const errorCode = ErrorCode.REQUEST_TIMED_OUT;
    const errorMessage = `Broker ${brokerId} has more partitions than one request can take from it; ask again.`;
    return {
      records: batch.records,
      response: UnregisterBroker.response.fill({ errorCode, errorMessage }),
    };
  }
  return {
    records: batch.records,
    response: UnregisterBroker.response.fill({ errorCode: ErrorCode.NONE }),
    liveness: withoutContact(context.liveness, brokerId),
  };
}
