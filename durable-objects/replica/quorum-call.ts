/**
 * One request of the quorum's protocol to one peer, from the core's value to the core's value. Rejects when
 * the peer cannot be reached or its answer cannot be read; both are the same to consensus.
 */
import type { Effect, Response } from "../../src/raft/index.ts";
import type { Peers } from "./peers.ts";
import { decodeResponse, encodeRequest } from "./peer-wire.ts";

export async function callPeer(
  peers: Peers,
  send: Extract<Effect, { kind: "send" }>,
): Promise<Response> {
  const { to, request } = send;
  const frame = encodeRequest(request, {
    clientId: peers.clientId,
    correlationId: send.correlation,
  });
  const response = decodeResponse(request.api, await peers.call(to, frame));
  if (response === null)
    throw new Error(`controller ${to} answered ${request.api} for another partition`);
  return response;
}
