/**
 * What a TCP connection goes through before its first frame. Under any protocol but PLAINTEXT it takes one of the few
 * places for those that nobody knows yet, and leaves it when it is authenticated or gone; with TLS it shakes hands.
 */
import type { Socket } from "node:net";
import { ANYBODY } from "../edge/identity.ts";
import { isAccepted } from "../edge/probe.ts";
import type { VersionQuestions } from "../sasl/version-questions.ts";
import type { SaslEdge } from "../sasl/sasl-server.ts";
import type { TlsDoor } from "../tls/tls-door.ts";
import { sayRefused, serve, type ConnectionParts, type Refusal } from "./connection.ts";
import type { Room } from "./room.ts";
import { textOf } from "../log.ts";

/** A listener under Kafka's security protocols. */
export type Listener =
  | { readonly protocol: "PLAINTEXT" | "SASL_PLAINTEXT" }
  | { readonly protocol: "SSL" | "SASL_SSL"; readonly door: TlsDoor };

export interface AdmissionParts extends Omit<
  ConnectionParts,
  "name" | "from" | "peer" | "handshakeOver"
> {
  readonly listener: Listener;
  /** The places for those that are not authenticated. */
  readonly handshakes: Room;
  /** What they are told before. */
  readonly versions: VersionQuestions;
}

type NamedParts = AdmissionParts & Pick<ConnectionParts, "name" | "from">;

/** Serves a connection until it closes. Never throws; resolves when it is gone. */
export async function admit(raw: Socket, parts: AdmissionParts): Promise<void> {
  const { nodeId, listener, handshakes, metrics, standstill } = parts;
  raw.on("error", () => raw.destroy());
  // It has waited for this process as long as that stood still.
  if (standstill.isOver()) return void raw.destroy();
  metrics.connectionsAccepted += 1;
  metrics.connectionsOpen += 1;
  const from = `${raw.remoteAddress}:${raw.remotePort}`;
  const named = { ...parts, from, name: `controller ${nodeId}, ${from}` };
  const about = { level: "debug", nodeId, peer: from } as const;
  parts.log(`${named.name}: connected`, { ...about, event: "connection-opened" });
  if (listener.protocol === "PLAINTEXT") {
    await serve(raw, { ...named, peer: { identity: ANYBODY }, handshakeOver: nothing });
  } else if (handshakes.take(1)) {
    await shakeHands(raw, named);
  } else {
    refuse(raw, named, { reason: "bound", sentence: "too many are not authenticated" });
  }
  metrics.connectionsOpen -= 1;
  parts.log(`${named.name}: gone`, { ...about, event: "connection-closed" });
}

async function shakeHands(raw: Socket, parts: NamedParts): Promise<void> {
  const { listener, handshakes, metrics } = parts;
  const handshakeOver = once(() => handshakes.release(1));
  const sasl = saslEdge(parts);
  try {
    if (!("door" in listener)) return await serve(raw, { ...parts, peer: { sasl }, handshakeOver });
    const { socket, principal } = await listener.door.enter(raw);
    if (listener.protocol === "SASL_SSL")
      return await serve(socket, { ...parts, peer: { sasl }, handshakeOver });
    metrics.authenticationsSucceeded += 1;
    const identity = { by: "gateway", principal } as const;
    return await serve(socket, { ...parts, peer: { identity }, handshakeOver });
  } catch (error) {
    metrics.authenticationsFailed += 1;
    const sentence = textOf(error);
    refuse(raw, parts, { reason: "tls", sentence });
  } finally {
    handshakeOver();
  }
}

/** The edge as the clients of one controller ask it while they say who they are. */
const saslEdge = ({ tunnel, nodeId, versions }: NamedParts): SaslEdge => ({
  apiVersions: (request) => versions.answer(nodeId, request),
  isAccepted: (token, signal) => isAccepted(tunnel, nodeId, token, signal),
});

function refuse(raw: Socket, parts: NamedParts, refusal: Refusal): void {
  parts.metrics.refused(refusal.reason);
  sayRefused(parts, refusal);
  raw.destroy();
}

const nothing = (): void => undefined;

function once(act: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    act();
  };
}
