/**
 * Which senders the quorum believes. Votes and announcements move leadership, and a voter's fetch is an
 * acknowledgement, or with a FetchSnapshot a sign of life: forged, the first could depose a leader, the second lose
 * what was acknowledged, and the third keep a leader without a majority. So they are taken from the other controllers
 * alone, which come over a binding that nobody else has. Kafka asks for CLUSTER_ACTION in the same places.
 */
import { ErrorCode, type ApiName } from "../../src/protocol/index.ts";
import { latestVoters, type Request as CoreRequest } from "../../src/raft/index.ts";
import type { Node, Origin } from "./answer.ts";

/** The code with which `request` is refused to its sender, or null when it may be put to the core. */
export function refusedTo(origin: Origin, node: Node, request: CoreRequest): number | null {
  if (origin === "peer") return null;
  // An operator's, whom the authorizer asks for ALTER on the cluster.
  if (request.api === "add-raft-voter" || request.api === "remove-raft-voter") return null;
  const isFetch = request.api === "fetch" || request.api === "fetch-snapshot";
  const claimsToVote =
    !isFetch ||
    latestVoters(node.voter.state.voters).some((voter) => voter.key.id === request.replica.id);
  return claimsToVote ? ErrorCode.CLUSTER_AUTHORIZATION_FAILED : null;
}

/** A metadata operation by which a controller speaks for itself: forged, it would send tools to another host. */
export const isForPeersAlone = (api: ApiName): boolean => api === "ControllerRegistration";
