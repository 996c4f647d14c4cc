/**
 * FenceBroker, ours: an operator declares that a broker's machine is gone, and its session ends now, as if nothing had
 * been heard from it for all of it. What is written is what the end of a session writes, in one batch. A broker that is
 * alive is back with its next heartbeat; what it led is led elsewhere by then.
 */
import {
  ErrorCode,
  FenceBroker,
  type FenceBrokerRequest,
  type FenceBrokerResponse,
} from "../../protocol/index.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import { operation, type ControlContext, type ControlResult } from "./operation.ts";
import { endSessions } from "./session-end.ts";

export const fenceBroker = operation(FenceBroker, { kind: "write", run });

function run(
  view: MetadataImage,
  { brokerId }: FenceBrokerRequest,
  context: ControlContext,
): ControlResult<FenceBrokerResponse> {
  const broker = view.cluster.brokers.get(brokerId);
  if (broker === undefined) {
    const errorCode = ErrorCode.BROKER_ID_NOT_REGISTERED;
    const errorMessage = `Broker ID ${brokerId} is not currently registered`;
    return { records: [], response: FenceBroker.response.fill({ errorCode, errorMessage }) };
  }
  // Its contact, if it calls while it recovers its logs, says that it lives, and stays.
  if (broker.fenced)
    return { records: [], response: FenceBroker.response.fill({ wasFenced: true }) };
  const { records, liveness, isWhole } = endSessions(view, context.liveness, [broker]);
  if (!isWhole) {
    const errorCode = ErrorCode.REQUEST_TIMED_OUT;
    const errorMessage = `Broker ${brokerId} has more partitions than one request can take from it; ask again.`;
    return { records, response: FenceBroker.response.fill({ errorCode, errorMessage }) };
  }
  // The last record is the broker's own.
  const partitionsChanged = records.length - 1;
  return { records, response: FenceBroker.response.fill({ partitionsChanged }), liveness };
}
