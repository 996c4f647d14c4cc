/**
 * The gateway as a whole: one TCP listener for each controller of one cluster, on consecutive ports, and a tunnel to
 * the edge that all of them share. Brokers find each controller under the endpoint that the voter set names, so a
 * connection's port says which controller is meant. All ports speak one security protocol; for another, run another
 * gateway.
 */
import { createServer, type Server, type Socket } from "node:net";
import { isLoopback } from "./edge/loopback.ts";
import type { Tunnel } from "./edge/tunnel.ts";
import { limitedLog } from "./limited-log.ts";
import { addressText, listen, type HostAndPort } from "./listen.ts";
import type { GatewayMetrics } from "./metrics.ts";
import { admit, type Listener } from "./tcp/admission.ts";
import type { ConnectionLimits } from "./tcp/connection.ts";
import { Room } from "./tcp/room.ts";

export interface GatewayOptions {
  readonly tunnel: Tunnel;
  readonly metrics: GatewayMetrics;
  /** Where to listen for each controller. */
  readonly controllers: readonly (HostAndPort & { readonly nodeId: number })[];
  /** PLAINTEXT when absent. */
  readonly listener?: Listener;
  readonly limits?: Partial<GatewayLimits>;
  readonly log?: (line: string) => void;
}

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
  /** As Kafka's `controller.quorum.bootstrap.servers`. */
  readonly bootstrapServers: string;
  /** For the status page. */
  readonly renderMetrics: () => string;
  /** Stops listening and closes every connection. The tunnel is closed with it. */
  stop(): Promise<void>;
}

/** Starts every listener or none. Rejects with an `Error` that names the port when one is in use. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { tunnel, metrics, listener = { protocol: "PLAINTEXT" } } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const log = limitedLog(options.log ?? ((): void => undefined));
  const room = new Room(limits.bytesHeldMax);
  const handshakes = new Room(limits.handshakesMax);
  const sockets = new Set<Socket>();
  const servers: Server[] = [];
  const stop = async (): Promise<void> => {
    const closed = servers.map(
      (server) => new Promise<void>((resolve) => server.close(() => resolve())),
    );
    for (const socket of sockets) socket.destroy();
    tunnel.close();
    await Promise.all(closed);
  };
  try {
    const addresses: string[] = [];
    for (const { nodeId, host, port } of options.controllers) {
      assertPrivate(listener, host);
      const parts = { nodeId, listener, handshakes, tunnel, metrics, limits, room, log };
      const server = createServer((socket) => {
        sockets.add(socket);
        void admit(socket, parts).then(() => sockets.delete(socket));
      });
      server.maxConnections = limits.connectionsMax;
      server.on("drop", () => metrics.refused("bound"));
      addresses.push(addressText({ host, port: await listen(server, { host, port }) }));
      // For example out of file descriptors: that connection is lost, the listener goes on.
      server.on("error", (error) => log(`port ${port}: ${error.message}`));
      servers.push(server);
    }
    const renderMetrics = (): string =>
      metrics.render({
        bytesHeld: room.held,
        handshakesOpen: handshakes.held,
        isEdgeOpen: tunnel.isOpen,
      });
    return { bootstrapServers: addresses.join(","), renderMetrics, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** PLAIN sends the token itself, which is worth as much as what it opens. */
function assertPrivate({ protocol }: Listener, host: string): void {
  if (protocol !== "SASL_PLAINTEXT" || isLoopback(host)) return;
  throw new Error(
    `SASL_PLAINTEXT on ${host}: tokens would cross the network in clear text; use SASL_SSL there`,
  );
}
