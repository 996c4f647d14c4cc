/**
 * The cheapest question that tells whether a controller serves frames in somebody's name: ApiVersions. It reads nothing
 * that is not in the controller's memory, and the edge lets it pass exactly when it lets a broker's frames pass, which
 * no other path could promise.
 */
import { ApiVersions, requestFrame } from "../../src/protocol/index.ts";
import type { Identity } from "./identity.ts";
import { EdgeError, type Tunnel } from "./tunnel.ts";

/** A version that every release of Kafka and of kedge knows. */
const QUESTION = requestFrame(
  ApiVersions,
  { apiVersion: 0, correlationId: 0, clientId: "kedge-gateway" },
  {},
);

/** Resolves when the controller answers. Rejects with `EdgeError`. */
export async function probe(
  tunnel: Tunnel,
  nodeId: number,
  identity: Identity,
  signal: AbortSignal,
): Promise<void> {
  await tunnel.send(nodeId, QUESTION, identity, signal);
}

/**
 * Whether the edge takes `token` for frames to that controller. Rejects with `EdgeError` when it cannot be said now: a
 * client would take a "no" for final.
 */
export async function isAccepted(
  tunnel: Tunnel,
  nodeId: number,
  token: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await probe(tunnel, nodeId, { by: "token", token }, signal);
    return true;
  } catch (error) {
    if (error instanceof EdgeError && error.isRefusal) return false;
    throw error;
  }
}
