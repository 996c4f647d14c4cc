/**
 * What a token lets its bearer ask of a controller: the APIs of its role, and of a broker's token no id but its own. It
 * holds whether the cluster has an authorizer or not. What came in an envelope is its client's request, whom a broker
 * has authenticated; that is for the authorizer alone.
 */
import { mayCall } from "../../src/access/index.ts";
import { ErrorCode, type ApiError, type RequestFrame } from "../../src/protocol/index.ts";
import type { Bearer } from "../bearer.ts";

/** Why the request is refused, or null. */
export function refusedToBearer(bearer: Bearer, frame: RequestFrame): ApiError | null {
  const { role, broker_ids: brokerIds } = bearer;
  if (role === "unlocked") return null;
  if (!mayCall(role, frame.name))
    return denied(`A token of role "${role}" may not call ${frame.name}.`);
  const brokerId = role === "broker" ? claimedBrokerId(frame) : null;
  if (brokerId === null || brokerIds.includes(brokerId)) return null;
  return denied(`This token does not speak for broker ${brokerId}.`);
}

const denied = (errorMessage: string): ApiError => ({
  errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
  errorMessage,
});

/** Which broker a request says that it is from; null where it does not say. */
function claimedBrokerId(frame: RequestFrame): number | null {
  switch (frame.name) {
    case "BrokerRegistration":
    case "BrokerHeartbeat":
    case "AlterPartition":
    case "AllocateProducerIds":
    case "AssignReplicasToDirs":
      return frame.body.brokerId;
    case "Fetch":
      return frame.apiVersion < REPLICA_STATE_SINCE
        ? frame.body.replicaId
        : frame.body.replicaState.replicaId;
    case "FetchSnapshot":
      return frame.body.replicaId;
    default:
      return null;
  }
}

/** Fetch 15 (KIP-903). */
const REPLICA_STATE_SINCE = 15;
