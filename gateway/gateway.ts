/**
 * The gateway as a whole: one TCP port for each controller of one cluster, and a tunnel to the edge that all of them
 * share. Brokers find each controller under the endpoint that the voter set names, so a connection's port says which
 * controller is meant. Ports are opened and closed while it runs; who is a voter it does not know. All ports speak one
 * security protocol; for another, run another gateway.
 */
import { ControllerPort } from "./controller-port.ts";
import { ANYBODY } from "./edge/identity.ts";
import { isLoopback } from "./edge/loopback.ts";
import type { Tunnel } from "./edge/tunnel.ts";
import { addressText, type HostAndPort } from "./listen.ts";
import type { Log } from "./log.ts";
import type { GatewayMetrics } from "./metrics.ts";
import { Observer } from "./observer/observer.ts";
import { ServedPosition } from "./observer/served-position.ts";
import { VersionQuestions } from "./sasl/version-questions.ts";
import type { Listener } from "./tcp/admission.ts";
import type { ConnectionLimits } from "./tcp/connection.ts";
import { Room } from "./tcp/room.ts";
import { Standstill } from "./tcp/standstill.ts";

export interface GatewayOptions {
  readonly tunnel: Tunnel;
  readonly metrics: GatewayMetrics;
  /** Where to listen for each controller. */
  readonly controllers: readonly (HostAndPort & { readonly nodeId: number })[];
  /** PLAINTEXT when absent. */
  readonly listener?: Listener;
  readonly limits?: Partial<GatewayLimits>;
  /** How fetches of the log are answered here, over links; null leaves all of them to the controllers. */
  readonly observe?: Observing | null;
  /** What strangers do is said too: a log that is kept wants a limit. */
  readonly log?: Log;
}

export interface Observing {
  /** In memory alone when absent. */
  readonly served?: ServedPosition;
  readonly heartbeatBatchMs?: number;
}

/** Long enough for those of a hundred brokers to meet, and a twentieth of the time between two of one. */
export const HEARTBEAT_BATCH_MS = 100;

export interface GatewayLimits extends ConnectionLimits {
  /** Kafka connections to one controller's port. */
  readonly connectionsMax: number;
  /** Connections that are not authenticated, over all ports of a listener with TLS or SASL. */
  readonly handshakesMax: number;
  /** Bytes held for all connections together. */
  readonly bytesHeldMax: number;
}

/**
 * Kafka's `socket.request.max.bytes` is 100 MiB; no request to a controller comes near the edge's 8. Before a client is
 * authenticated it takes 512 KiB (`sasl.server.max.receive.size`); a token needs 3.
 */
export const DEFAULT_LIMITS: GatewayLimits = {
  frameBytesMax: 8 * 1_048_576,
  framesAheadMax: 32,
  bytesAheadMax: 1_048_576,
  idleMs: 600_000,
  saslBytesMax: 16_384,
  handshakeMs: 10_000,
  failedAuthenticationDelayMs: 100,
  connectionsMax: 2_000,
  handshakesMax: 512,
  bytesHeldMax: 256 * 1_048_576,
};

export interface Gateway {
  /** As Kafka's `controller.quorum.bootstrap.servers`: the ports that are open, by rising id of their controllers. */
  readonly bootstrapServers: string;
  /** Where a controller is reached; undefined while it has no port. */
  at(nodeId: number): HostAndPort | undefined;
  /** Opens the port of another controller. Rejects with an `Error` that names the port when it cannot be opened. */
  open(nodeId: number, at: HostAndPort): Promise<void>;
  /**
   * Closes a controller's port; connections end once what is on its way to the edge is answered. How many there are.
   */
  close(nodeId: number): number;
  /** What follows the log here, and would tell of other voters; null where nothing does. */
  readonly observer: Pick<Observer, "isFollowing" | "onNews"> | null;
  /** For the status page. */
  readonly renderMetrics: () => Promise<string>;
  /** Stops listening and closes every connection. The tunnel is closed with it. */
  stop(): Promise<void>;
}

/** Starts every port or none. Rejects with an `Error` that names the port when one is in use. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { tunnel, metrics, listener = { protocol: "PLAINTEXT" }, log = nothing } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const room = new Room(limits.bytesHeldMax);
  const handshakes = new Room(limits.handshakesMax);
  const ports = new Map<number, ControllerPort>();
  const leaving = new Set<ControllerPort>();
  const standstill = new Standstill((lateMs) => {
    sayStoodStill(metrics, log, lateMs);
    for (const port of [...ports.values(), ...leaving]) port.drop();
    // Once their connections have taken back what has not left.
    setImmediate(() => tunnel.dropLinks("the gateway stood still"));
  });
  const observer = observerOf(options, log);
  const parts = {
    listener,
    handshakes,
    versions: versionsOf(tunnel),
    tunnel,
    metrics,
    limits,
    room,
    log,
    connectionsMax: limits.connectionsMax,
    observer,
    standstill,
  };
  const gateway: Gateway = {
    observer,
    get bootstrapServers() {
      const sorted = [...ports].toSorted(([left], [right]) => left - right);
      return sorted.map(([, { at }]) => addressText(at)).join(",");
    },
    at: (nodeId) => ports.get(nodeId)?.at,
    open: async (nodeId, at) => {
      assertPrivate(listener, at.host);
      ports.set(nodeId, await ControllerPort.open(at, { ...parts, nodeId }));
    },
    close: (nodeId) => {
      const port = ports.get(nodeId);
      if (port === undefined) return 0;
      ports.delete(nodeId);
      leaving.add(port);
      void port.leave().then(() => {
        leaving.delete(port);
        if (!ports.has(nodeId)) metrics.forget(nodeId);
      });
      return port.connections;
    },
    renderMetrics: () =>
      metrics.render({
        portsOpen: ports.size,
        bytesHeld: room.held,
        handshakesOpen: handshakes.held,
        isEdgeOpen: tunnel.isOpen,
      }),
    stop: async () => {
      standstill.stop();
      tunnel.close();
      await Promise.all([...ports.values(), ...leaving].map((port) => port.stop()));
      observer?.close();
    },
  };
  try {
    for (const { nodeId, ...at } of options.controllers) await gateway.open(nodeId, at);
    return gateway;
  } catch (error) {
    await gateway.stop();
    throw error;
  }
}

const nothing = (): void => undefined;

function sayStoodStill(metrics: GatewayMetrics, log: Log, lateMs: number): void {
  metrics.standstills += 1;
  const seconds = (lateMs / 1_000).toFixed(1);
  log(`stood still for ${seconds} s: every connection is closed unread`, {
    level: "warn",
    event: "stood-still",
  });
}

const versionsOf = (tunnel: Tunnel): VersionQuestions =>
  new VersionQuestions((nodeId, frame, signal) => tunnel.send(nodeId, frame, ANYBODY, signal));

/** Without links nothing is pushed. */
function observerOf({ tunnel, metrics, observe = {} }: GatewayOptions, log: Log): Observer | null {
  if (observe === null) return null;
  const { served = new ServedPosition(null, tunnel.clusterId, log) } = observe;
  const { heartbeatBatchMs = HEARTBEAT_BATCH_MS } = observe;
  const observer = new Observer({ served, metrics, heartbeatBatchMs });
  if (tunnel.watchLinks(observer)) return observer;
  observer.close();
  return null;
}

/** PLAIN sends the token itself, which is worth as much as what it opens. */
function assertPrivate({ protocol }: Listener, host: string): void {
  if (protocol !== "SASL_PLAINTEXT" || isLoopback(host)) return;
  throw new Error(
    `SASL_PLAINTEXT on ${host}: tokens would cross the network in clear text; use SASL_SSL there`,
  );
}
